"""The phone exchange: joins a telephone line and a SIP session. Sans-IO; see README.md."""
