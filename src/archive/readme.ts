// The text that lies in every archive, for whoever finds it without this program.

export const README_TEXT = `This is a mail archive written by postrider. You need no special program to read it.

<account>/YYYY-MM.mbox            The messages fetched in that month (UTC), in the mbox format, variant "mboxrd".
                                  Any mail program opens it; so does Python: mailbox.mbox("2026-11.mbox").
<account>/YYYY-MM.manifest.jsonl  One JSON line a message, in the same order:
    sha256, size     of the exact octets that the server sent (after POP3 dot-unstuffing)
    offset, length   the record in the mbox, from its "From " line to the blank line after the message
    eol              crlf: every line ended with CR LF and is stored with LF alone; raw: stored byte for byte
    final-newline    false: the message did not end with a line end, and the mbox has one more than the message
    uidl             the server's unique id
    fetched-at       when it was archived
    message-id, date, from, subject   from its header, decoded, for people

<account>/YYYY-MM.mbox.zst        A month that is past and sealed: "zstd -dc" gives its mbox back, byte for byte.
<account>/YYYY-MM.seal.json       Its seal. compressed-sha256: of the .mbox.zst. merkle-root: over the lines of the manifest without
                                  their line ends (RFC 6962 section 2.1). previous: the SHA-256 of the seal file before it.

<account>/{tmp,new,cur}           A Maildir, where the account is kept as one: the exact octets, one file a message. Its lines in the
                                  manifest have file (its name; mail programs add flags behind a colon) for offset and length.

To get the exact octets back: take the record, drop its first line ("From ...") and its last line end; if
final-newline is false, drop one more line end; take one ">" from every line that begins with one or more ">"
and then "From "; if eol is crlf, turn every LF into CR LF. The SHA-256 of the result is the sha256 of its line.

What an mbox holds beyond its manifest was not archived; postrider cuts it off at its next start.
<account>/state.jsonl             what postrider remembers of the server (duplicates, deletions); not needed to read mail
<account>/attachments.jsonl       which attachments were saved outside of the archive, from which message, where
<account>/quarantine/             notes on messages that the server would not give whole
`;
