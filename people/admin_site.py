from functools import wraps

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from desk.refusals import NotYours
from people.duty import with_role
from people.roles import Right, Role

# Its pages come from a library: Alpine evaluates its attributes, and the theme is an inline style.
POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:", "blob:"]}


def may_configure(user) -> bool:
    return user.is_active and (user.is_superuser or user.may(Right.CONFIGURE))


class DeskAdminSite(UnfoldAdminSite):
    """For administrators: configuration only. Who else is signed in is told who can."""

    def has_permission(self, request):
        return request.user.is_authenticated and may_configure(request.user)

    def admin_view(self, view, cacheable=False):
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def entered(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            self.refuse_others(request)
            return inner(request, *args, **kwargs)

        return csp_update(POLICY)(entered)

    def refuse_others(self, request):
        if not self.has_permission(request):
            raise NotYours(_("Only an administrator can configure the desk."), who=with_role(Role.ADMINISTRATOR))

    def login(self, request, extra_context=None):
        """One way in for everybody."""
        return redirect("admin:index")

    def logout(self, request, extra_context=None):
        return LogoutView.as_view()(request)
