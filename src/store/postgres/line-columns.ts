/** Which columns of the table `line` an answer has: all but `grams`, which is long and of use to the index only. */
export const LINE_COLUMNS = `id, log, seq, part, at_ms, kind, msgid, peer, source, account, target, ranks, text, tags,
  object, bits`;
