"""Addresses of families."""

from django.urls import path

from portail.office.families import agreements, child, codes, health, links, papers, payer, search, viewing

urlpatterns = [
    path("", search.families, name="families"),
    path("payeurs/", search.payers, name="payers"),
    path("nouvelle/", payer.new_family, name="new_family"),
    path("lettres/", codes.letters, name="letters"),
    path("pieces/", papers.papers, name="papers"),
    path("pieces/nouvelle/", papers.new_paper_kind, name="new_paper_kind"),
    path("pieces/<int:number>/", papers.edit_paper_kind, name="edit_paper_kind"),
    path("enfants/<uuid:public_id>/pieces/<int:number>/", papers.paper, name="paper"),
    path("enfants/<uuid:public_id>/pieces/<int:number>/fichier/", papers.paper_file, name="paper_file"),
    path("enfants/<uuid:public_id>/pieces/<int:number>/retirer/", papers.drop_paper, name="drop_paper"),
    path("accords/", agreements.agreements, name="agreements"),
    path("accords/nouveau/", agreements.new_agreement, name="new_agreement"),
    path("accords/<int:number>/", agreements.edit_agreement, name="edit_agreement"),
    path("accords/<int:number>/sans-reponse/", agreements.unanswered, name="unanswered"),
    path("<uuid:public_id>/accords/<int:number>/", agreements.answer_for, name="answer_for"),
    path("<uuid:public_id>/", payer.family, name="family"),
    path("<uuid:public_id>/modifier/", payer.edit_payer, name="edit_payer"),
    path("<uuid:public_id>/quotient/", payer.quotient, name="quotient"),
    path("<uuid:public_id>/voir/", viewing.view_as, name="view_as"),
    path("vue/quitter/", viewing.leave_view, name="leave_view"),
    path("<uuid:public_id>/code/", codes.payer_code, name="payer_code"),
    path("<uuid:public_id>/deblocage/", codes.unlock, name="unlock"),
    path("<uuid:public_id>/enfant/", child.new_child, name="new_child"),
    path("enfants/<uuid:public_id>/", child.child, name="child"),
    path("enfants/<uuid:public_id>/modifier/", child.edit_child, name="edit_child"),
    path("enfants/<uuid:public_id>/sante/", health.health, name="health"),
    path("enfants/<uuid:public_id>/sante/modifier/", health.edit_health, name="edit_health"),
    path("enfants/<uuid:public_id>/payeurs/", links.choose_payer, name="choose_payer"),
    path("enfants/<uuid:public_id>/payeurs/nouveau/", links.new_payer, name="new_payer"),
    path("enfants/<uuid:public_id>/payeurs/<uuid:payer>/", links.edit_link, name="edit_link"),
    path("enfants/<uuid:public_id>/payeurs/<uuid:payer>/retirer/", links.drop_link, name="drop_link"),
    path("enfants/<uuid:public_id>/autorises/", child.new_authorised, name="new_authorised"),
    path("enfants/<uuid:public_id>/autorises/<int:number>/", child.edit_authorised, name="edit_authorised"),
    path("enfants/<uuid:public_id>/autorises/<int:number>/retirer/", child.drop_authorised, name="drop_authorised"),
]
