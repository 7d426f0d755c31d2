// Every bound that the shared wire code keeps against a hostile or broken peer, in one place so that parsers cannot drift.

/** One reply or greeting line, CRLF excluded. RFC 5321 4.5.3.1.5 asks for 512, RFC 959 names none; real servers send more. */
export const REPLY_LINE_BYTES_MAX = 8_192;

/** Lines in one reply: greetings and FEAT answers run to dozens, never to thousands. */
export const REPLY_LINES_MAX = 1_000;

/** All bytes of one reply. */
export const REPLY_BYTES_MAX = 256 * 1024;

/** One command line that we send: paths are shorter, and a line of AUTH may need so much (RFC 5034 section 4). */
export const COMMAND_BYTES_MAX = 12_288;

/** Unread bytes that a transport buffers before it stops reading from the kernel. */
export const UNREAD_BYTES_MAX = 1024 * 1024;
