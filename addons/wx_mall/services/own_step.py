"""Which steps are the mall's own."""


def own_step(env, name) -> bool:
    """Whether our own code, as superuser, set this key of the context. A client of the
    ERP's RPC may send any context: from others a key means nothing."""
    return env.su and bool(env.context.get(name))
