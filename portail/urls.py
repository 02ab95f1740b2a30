"""Where the faces meet."""

from django.urls import include, path

urlpatterns = [
    path("mairie/", include("portail.office.urls")),
    path("", include("portail.web.urls")),
]
handler400 = "portail.web.errors.bad_request"
handler403 = "portail.web.errors.forbidden"
handler404 = "portail.web.errors.not_found"
handler500 = "portail.web.errors.server_error"
