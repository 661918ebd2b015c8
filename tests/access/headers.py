"""What every answer of the desk carries."""

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": ("same-origin", "no-referrer"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
}


def missing(response) -> list[str]:
    wrong = [name for name, value in EXPECTED.items() if not response.get(name, "").startswith(value)]
    policy = response.get("Content-Security-Policy", "").split("; ")
    if "frame-ancestors 'none'" not in policy or not {"default-src 'self'", "default-src 'none'"} & set(policy):
        wrong.append("Content-Security-Policy")
    user = getattr(response.wsgi_request, "user", None)
    if user is not None and user.is_authenticated and not response.get("Cache-Control"):
        wrong.append("Cache-Control")
    return wrong
