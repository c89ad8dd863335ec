EOS_ID = 258
MOST = 16


def until_end(tokens):
    return tokens[: tokens.index(EOS_ID)] if EOS_ID in tokens else tokens[:MOST]
