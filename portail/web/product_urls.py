"""Addresses of the bare host."""

from django.urls import path
from django.views.i18n import set_language

from portail.web import product

urlpatterns = [
    path("", product.product, name="product"),
    path("langue/", set_language, name="language"),
]
handler400 = "portail.web.errors.bad_request"
handler403 = "portail.web.errors.forbidden"
handler404 = "portail.web.errors.not_found"
handler500 = "portail.web.errors.server_error"
