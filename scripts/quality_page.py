def page(*a, **k):
    return ""
