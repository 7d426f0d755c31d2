// The words of a command line, the last one unfinished → what may stand there: words of ours, names of things, or paths.

export interface KnownFlag {
  readonly name: string;
  readonly char?: string | undefined;
  readonly summary: string;
  readonly takesValue: boolean;
  readonly multiple: boolean;
  readonly options: readonly string[];
}

export interface KnownCommand {
  /** `ftp:ls`. */
  readonly id: string;
  readonly summary: string;
  readonly args: readonly { readonly name: string; readonly options: readonly string[] }[];
  /** The last argument may be repeated. */
  readonly variadic: boolean;
  readonly flags: readonly KnownFlag[];
}

export interface Candidate {
  readonly value: string;
  readonly summary: string;
}

/** What a word names; what lists them is in names.ts. */
export type NameKind =
  | 'job'
  | 'run'
  | 'connection'
  | 'ftp-target'
  | 'pop3-target'
  | 'smtp-target'
  | 'secret'
  | 'letter'
  | 'code'
  | 'topic'
  | 'step'
  | 'template'
  | 'account'
  | 'time-zone';

export interface Expected {
  /** Those that begin with the unfinished word. */
  readonly candidates: readonly Candidate[];
  readonly names: readonly NameKind[];
  readonly paths: 'files' | 'folders' | undefined;
  /** What stands before the unfinished word in the same word: `--job=`. */
  readonly prefix: string;
  readonly unfinished: string;
  /** Arguments before it, without flags: a step's job. */
  readonly given: readonly string[];
  /** Values of flags before it, by long name. */
  readonly values: Readonly<Record<string, string>>;
}

const NOTHING = { candidates: [], names: [], paths: undefined, prefix: '', given: [], values: {} };

/** `words` without the program's own name. */
export function expectedAt(words: readonly string[], commands: readonly KnownCommand[]): Expected {
  const unfinished = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before[0] === 'help') return helpAt(before.slice(1), unfinished, commands);
  const command = commandOf(before, commands);
  if (command === undefined) return { ...NOTHING, unfinished, candidates: nextWords(before, unfinished, commands) };
  return inCommand(command, before.slice(command.id.split(':').length), unfinished);
}

function helpAt(before: readonly string[], unfinished: string, commands: readonly KnownCommand[]): Expected {
  const candidates = nextWords(before, unfinished, commands);
  return { ...NOTHING, unfinished, candidates, names: before.length === 0 ? ['topic'] : [] };
}

/** The longest beginning that is a command. */
function commandOf(before: readonly string[], commands: readonly KnownCommand[]): KnownCommand | undefined {
  return commands
    .filter(({ id }) => before.join(':') === id || before.join(':').startsWith(`${id}:`))
    .toSorted((a, b) => b.id.length - a.id.length)[0];
}

function nextWords(before: readonly string[], unfinished: string, commands: readonly KnownCommand[]): readonly Candidate[] {
  const found = new Map<string, string>();
  for (const { id, summary } of commands) {
    const words = id.split(':');
    if (before.some((word, i) => words[i] !== word)) continue;
    const next = words[before.length];
    if (next === undefined || !next.startsWith(unfinished)) continue;
    found.set(next, words.length === before.length + 1 ? summary : `${next} …`);
  }
  return [...found].map(([value, summary]) => ({ value, summary }));
}

function inCommand(command: KnownCommand, words: readonly string[], unfinished: string): Expected {
  const { given, used, values, open } = readWords(command, words);
  const base = { ...NOTHING, unfinished, given, values };
  if (open !== undefined) return { ...base, ...flagPlace(command, open, unfinished) };
  const ended = words.includes('--');
  const written = /^(--[\w-]+=)(.*)$/s.exec(unfinished);
  const flag = written && !ended && command.flags.find(({ name }) => `--${name}=` === written[1]);
  if (flag) {
    const [, prefix = '', value = ''] = written;
    return { ...base, prefix, unfinished: value, ...flagPlace(command, flag, value) };
  }
  if (unfinished.startsWith('-') && !ended) {
    const free = command.flags.filter(({ name, multiple }) => multiple || !used.has(name));
    const all = free.map(({ name, summary }) => ({ value: `--${name}`, summary }));
    return { ...base, candidates: all.filter(({ value }) => value.startsWith(unfinished)) };
  }
  return { ...base, ...argumentPlace(command, given.length, unfinished) };
}

interface Read {
  readonly given: readonly string[];
  readonly used: ReadonlySet<string>;
  readonly values: Readonly<Record<string, string>>;
  /** The flag whose value comes next. */
  readonly open: KnownFlag | undefined;
}

function readWords({ flags }: KnownCommand, words: readonly string[]): Read {
  const given: string[] = [];
  const used = new Set<string>();
  const values: Record<string, string> = {};
  let open: KnownFlag | undefined;
  let ended = false;
  for (const word of words) {
    if (open !== undefined) {
      values[open.name] = word;
      open = undefined;
    } else if (word === '--') ended = true;
    else if (!ended && /^-./.test(word)) {
      const [name = '', value] = word.split(/=(.*)/s);
      const flag = flags.find(each => name === `--${each.name}` || name === `-${each.char}`);
      if (flag !== undefined) used.add(flag.name);
      if (flag !== undefined && value !== undefined) values[flag.name] = value;
      if (flag?.takesValue === true && value === undefined) open = flag;
    } else given.push(word);
  }
  return { given, used, values, open };
}

type Place = Pick<Expected, 'candidates' | 'names' | 'paths'>;

const FOLDER_FLAGS = new Set(['jobs', 'state', 'dir', 'archive', 'out', 'attachments', 'writable']);
const NAMED_FLAGS: Readonly<Record<string, readonly NameKind[]>> = {
  only: ['step'],
  from: ['step'],
  step: ['step'],
  template: ['template'],
  timezone: ['time-zone'],
  account: ['account'],
};

function flagPlace({ id }: KnownCommand, { name, options }: KnownFlag, unfinished: string): Place {
  if (options.length > 0) return listed(options, unfinished);
  if (FOLDER_FLAGS.has(name)) return { candidates: [], names: [], paths: 'folders' };
  if (name === 'attach') return { candidates: [], names: [], paths: 'files' };
  if (name === 'from' && !JOB_COMMANDS.has(id)) return listed([], unfinished);
  return { candidates: [], names: NAMED_FLAGS[name] ?? [], paths: undefined };
}

/** Where `--from` is a step, and neither a sender nor a time. */
const JOB_COMMANDS = new Set(['run', 'plan']);

function argumentPlace({ id, args, variadic }: KnownCommand, index: number, unfinished: string): Place {
  const arg = args[index] ?? (variadic ? args.at(-1) : undefined);
  if (arg === undefined) return listed([], unfinished);
  if (arg.options.length > 0) return listed(arg.options, unfinished);
  const [topic = ''] = id.split(':');
  const target = `${topic}-target` as NameKind;
  switch (arg.name) {
    case 'job':
      return { candidates: [], names: ['job'], paths: 'files' };
    case 'run':
      return { candidates: [], names: ['run'], paths: undefined };
    case 'code':
      return { candidates: [], names: ['code'], paths: undefined };
    case 'connection':
      return { candidates: [], names: ['connection'], paths: undefined };
    case 'name':
      return { candidates: [], names: topic === 'secret' ? ['secret'] : [], paths: undefined };
    case 'id':
      return { candidates: [], names: ['letter'], paths: undefined };
    case 'target':
      return { candidates: [], names: [target], paths: undefined };
    case 'source':
    case 'destination':
    case 'file':
      return { candidates: [], names: [target], paths: 'files' };
    case 'files':
    case 'path':
    case 'local':
      return { candidates: [], names: [], paths: 'files' };
    case 'folder':
    case 'dir':
    case 'archive':
      return { candidates: [], names: [], paths: 'folders' };
    default:
      return listed([], unfinished);
  }
}

function listed(options: readonly string[], unfinished: string): Place {
  const candidates = options.filter(value => value.startsWith(unfinished)).map(value => ({ value, summary: '' }));
  return { candidates, names: [], paths: undefined };
}
