"""A certificate, its key, another key and one with a passphrase. None of them guards anything.

Made with `openssl req -x509`; good until 2126.
"""

from __future__ import annotations

from pathlib import Path

FILES = {
    "server.pem": """\
-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIUMDz7do9KOLxZmjB8OA3nMqbnhA4wCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPZ2F0ZXdheS5leGFtcGxlMCAXDTI2MTEyNTE5MTcyNFoYDzIx
MjYxMTAxMTkxNzI0WjAaMRgwFgYDVQQDDA9nYXRld2F5LmV4YW1wbGUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATf1Gst6OLSBR4DRgoDAx9iRGv6XD8d/GLnSZ6f
AkDbvpIKvCwjv9ONDbi+AZpmCFsQlilqiBOFJ6KJJ2YVHoCho1MwUTAdBgNVHQ4E
FgQUt89Rp9CHkWH8AZ/o15ftIxroalkwHwYDVR0jBBgwFoAUt89Rp9CHkWH8AZ/o
15ftIxroalkwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA68Bd
KpDwuVt1fVmjva9JGYrZ9KhY56pnA9jtWVFDmN8CIBGwWzDELFKINDgzd58+SIbi
gBOJsWDIxfOSSH4PNUNU
-----END CERTIFICATE-----
""",
    "server.key": """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBeF7o4h/Pvx3w6ZG
ZTkORU19dlYk+oeg8TrqQUeNPcmhRANCAATf1Gst6OLSBR4DRgoDAx9iRGv6XD8d
/GLnSZ6fAkDbvpIKvCwjv9ONDbi+AZpmCFsQlilqiBOFJ6KJJ2YVHoCh
-----END PRIVATE KEY-----
""",
    "other.key": """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT+5O//uqW1SFn3s8
KKhu4X4Bp1H2RJk0/slweU6TTHuhRANCAAQu8gtxzYrm7YjOa+ZJFL/MZPvFOal0
a0ukmGKVcCen2bBTxUChUdQVg2/xznNb5nVhhHYC9W+OtDt0f04lu3ZC
-----END PRIVATE KEY-----
""",
    "locked.key": """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjKUB3oioWFEAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDtLpmnSDufDJNPzXtwYAI8EgZCs
iDq6bX5l9QSozIT8WQ2lKoF7bIeCRvhzHA9Ftw0O/ZbsQ0t7RilacXzuQ17i5fhA
0GMi6gfRR/uE3gBgx1oqQMcSp71P4zUdBa1faOKwn/7UzKEgAtRavMHA+7cDjqla
V7DYFNJUxvq5dFT+5XY7fTyi7fhtq+rsXbzPx2QblI5k0x2xZwTKKC79tgRfV10=
-----END ENCRYPTED PRIVATE KEY-----
""",
}


def write_all(folder: Path) -> None:
    """Put them into `folder`."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
