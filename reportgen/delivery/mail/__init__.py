"""A brief reaches its subscribers: who they are, their letters, the relay, and the ledger of what arrived."""
