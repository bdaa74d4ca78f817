"""How uvicorn listens."""

import ssl
from typing import Any

from hubbub.errors import HubbubError, UsageError
from hubbub.settings import Serving


def listening(serving: Serving) -> dict[str, Any]:
    """The options of uvicorn for an address, with or without TLS. Raises `HubbubError` if the
    certificate cannot be used.

    What proxies say is left to `Access`: uvicorn would believe any on this machine.
    """
    options: dict[str, Any] = {
        "host": serving.host,
        "port": serving.port,
        "proxy_headers": False,
        "server_header": False,
    }
    if not serving.tls_cert and not serving.tls_key:
        return options
    if not serving.tls_cert or not serving.tls_key:
        raise UsageError(
            "TLS wants a certificate and its key.", "Give both: --tls-cert FILE --tls-key FILE"
        )
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # a key that wants a passphrase would have it asked for by OpenSSL
        context.load_cert_chain(serving.tls_cert, serving.tls_key, password="")
    except (OSError, ValueError) as error:
        raise HubbubError(
            f"The certificate {serving.tls_cert} with the key {serving.tls_key} cannot be used: "
            f"{error.strerror if isinstance(error, OSError) and error.strerror else error}.",
            "Check that both are PEM files that belong together and can be read.",
        ) from error
    return options | {"ssl_certfile": serving.tls_cert, "ssl_keyfile": serving.tls_key}
