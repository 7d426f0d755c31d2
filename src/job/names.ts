// What the things of a job file may be called.
export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]*$/;
/** A name that expressions can spell: `vars.NAME`, `steps.NAME`. */
export const IDENTIFIER_PATTERN = /^[A-Za-z_][A-Za-z0-9_-]*$/;
export const NAME_WORDS = 'lower-case letters, digits and dashes, beginning with a letter or digit';
export const IDENTIFIER_WORDS = 'letters, digits, _ and -, beginning with a letter or _';
