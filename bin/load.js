// Loads the program's CommonJS files from a pack: their text, and V8's code of an earlier run of the same command, in one file. What a
// start needs is then there compiled, where Node's own compile cache keeps only what is compiled before a file is run, and each in a file
// of its own. Without a pack, or with one that does not fit, nothing else changes.

// Asked for like this they come as they are; an import would make all that they can do ready first, streams of files among it.
const { getBuiltinModule } = process;
const fs = getBuiltinModule('node:fs');
const { dirname, isAbsolute, join, relative, sep } = getBuiltinModule('node:path');
const { fileURLToPath } = getBuiltinModule('node:url');
const vm = getBuiltinModule('node:vm');

const HEAD = '(function (exports, require, module, __filename, __dirname) {';
const TAIL = '\n})';

/** Of a pack: a checksum of all that follows, and the length of its table of contents. */
const PREFIX_BYTES = 8;
/** V8 wants its data aligned. */
const ALIGNMENT = 8;
/** Words of a command, as in `ftp mirror`. */
const COMMAND_WORDS_MAX = 2;

/** As packPaths() names it: build, version of Node, machine. */
const PACKS_FOLDER = /^[0-9a-f]{16}-v\d+\.\d+\.\d+[\w.-]*-\w+$/;
/** Folders of other builds and versions of Node, which may be in use side by side. One that goes too early is made again. */
const OTHERS_KEPT = 3;

export const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist/cli');
/** What the arguments begin with, unless its help is wanted. */
export const command = commandOf(process.argv.slice(2));
const modules = new Map();
/** Of this run, by name. */
const scripts = new Map();
const pack = isCaching() ? openPack(packPaths()) : undefined;

/** @param file below dist/cli */
export function load(file) {
  return loadPath(join(dist, file));
}

function loadPath(path) {
  const known = modules.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(path, module);
  scriptOf(path).runInThisContext().call(module.exports, module.exports, requireFrom(path), module, path, dirname(path));
  return module.exports;
}

function scriptOf(path) {
  const name = relative(dist, path).replaceAll(sep, '/');
  const known = pack?.read(name);
  const text = known?.text ?? `${HEAD}${fs.readFileSync(path, 'utf8')}${TAIL}`;
  const script = new vm.Script(text, {
    filename: path,
    columnOffset: -HEAD.length,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(known === undefined ? {} : { cachedData: known.code }),
  });
  pack?.keep(name, text, script);
  return script;
}

function requireFrom(path) {
  const folder = dirname(path);
  let native;
  const nativeRequire = () => {
    native ??= getBuiltinModule('node:module').createRequire(path);
    return native;
  };
  const require = name => {
    const target = name.startsWith('.') ? join(folder, name) : name;
    return target.startsWith(dist) ? loadPath(target) : (getBuiltinModule(name) ?? nativeRequire()(name));
  };
  return Object.assign(require, { resolve: (...args) => nativeRequire().resolve(...args) });
}

function isCaching() {
  return process.env.NODE_DISABLE_COMPILE_CACHE !== '1' && process.env.NODE_V8_COVERAGE === undefined;
}

/** In the folder of the program where that may be written, else in the user's: one for each command. */
function packPaths() {
  const { HOME = '', XDG_CACHE_HOME = '' } = process.env;
  // A relative one would take code from wherever we are started (and is to be ignored: XDG Base Directory Specification).
  const caches = [XDG_CACHE_HOME, join(HOME, '.cache'), join(root, '.cache')].find(isAbsolute);
  const folder = `${fs.readFileSync(join(dist, 'build-id'), 'utf8')}-${process.version}-${process.arch}`;
  const name = command?.words.join('+') ?? 'help';
  return [join(root, 'node_modules/.cache/postrider'), join(caches, 'postrider/code')].map(dir => join(dir, folder, name));
}

function commandOf(args) {
  if (args.includes('--help') || args.includes('-h')) return undefined;
  const end = args.findIndex(arg => !/^[a-z][a-z0-9-]*$/.test(arg));
  for (let count = Math.min(end < 0 ? args.length : end, COMMAND_WORDS_MAX); count > 0; count--) {
    const words = args.slice(0, count);
    const file = join('commands', `${join(...words)}.cjs`);
    if (fs.existsSync(join(dist, file))) return { words, load: () => load(file) };
  }
  return undefined;
}

/**
 * V8 takes code only under the very flags that it was made under. What a run sets for itself has the code of what is loaded afterwards
 * refused; that is no reason to make it again, as it is when even the first file's code is.
 */
function openPack(paths) {
  const owners = new Set([process.getuid?.(), fs.statSync(dist).uid]);
  const unread = [...paths];
  const files = new Map();
  let tag;
  // What lies first may be for all users, and be short of what this one needs: that is in the next, then.
  const readMore = () => {
    const pack = readPack(unread.shift(), owners);
    if (pack === undefined) return;
    tag ??= pack.tag;
    if (pack.tag === tag) for (const [name, file] of pack.files) if (!files.has(name)) files.set(name, file);
  };
  const read = name => {
    while (!files.has(name) && unread.length > 0) readMore();
    tag ??= flagsTag();
    return files.get(name);
  };
  const write = () => {
    if (flagsTag() !== tag) return;
    const bytes = packed(files, tag);
    paths.some(path => written(path, bytes));
  };
  let isWanting = false;
  return {
    read,
    keep(name, text, script) {
      if (scripts.size === 0 && script.cachedDataRejected) {
        files.clear();
        tag = flagsTag();
      }
      scripts.set(name, { text, script });
      if (isWanting || read(name) !== undefined) return;
      isWanting = true;
      process.once('exit', write);
    },
  };
}

function flagsTag() {
  return getBuiltinModule('node:v8').cachedDataVersionTag();
}

/** Only from those who could change the program itself, or who run it: a pack is code. */
function readPack(path, owners) {
  let file;
  try {
    file = fs.openSync(path);
    return owners.has(fs.fstatSync(file).uid) ? unpacked(fs.readFileSync(file)) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/**
 * checksum, length of the table: 4 bytes each | table | texts | code of each file, aligned. V8 trusts what it is given, so damage has to
 * be noticed here.
 */
function unpacked(bytes) {
  if (bytes.length < PREFIX_BYTES || bytes.readUInt32LE(0) !== checksum(bytes)) return undefined;
  const tableEnd = PREFIX_BYTES + bytes.readUInt32LE(4);
  const { tag, textBytes, table } = JSON.parse(bytes.latin1Slice(PREFIX_BYTES, tableEnd));
  // One text, of which V8 holds parts: none of them is copied.
  const texts = bytes.latin1Slice(tableEnd, tableEnd + textBytes);
  const files = new Map();
  let [at, codeAt] = [0, aligned(tableEnd + textBytes)];
  for (const [name, length, codeLength] of table) {
    files.set(name, { text: texts.slice(at, at + length), code: bytes.subarray(codeAt, codeAt + codeLength) });
    at += length;
    codeAt = aligned(codeAt + codeLength);
  }
  return { tag, files };
}

/** What this run has loaded, and what was there besides, which the next run may need. */
function packed(old, tag) {
  const files = new Map(old);
  for (const [name, { script, text }] of scripts) {
    const code = script.createCachedData();
    // It is less where V8 has given up functions that a long run did not need any more.
    if (code.length > (files.get(name)?.code.length ?? 0)) files.set(name, { text, code });
  }
  const table = [...files].map(([name, { text, code }]) => [name, text.length, code.length]);
  // The build sees to it that the program is ASCII.
  const texts = Buffer.from([...files.values()].map(({ text }) => text).join(''), 'latin1');
  const head = Buffer.from(JSON.stringify({ tag, textBytes: texts.length, table }), 'latin1');
  const codeAt = PREFIX_BYTES + head.length + texts.length;
  const parts = [Buffer.alloc(PREFIX_BYTES), head, texts, gap(codeAt)];
  for (const { code } of files.values()) parts.push(code, gap(code.length));
  const bytes = Buffer.concat(parts);
  bytes.writeUInt32LE(head.length, 4);
  bytes.writeUInt32LE(checksum(bytes), 0);
  return bytes;
}

function checksum(bytes) {
  return getBuiltinModule('node:zlib').crc32(bytes.subarray(4));
}

function aligned(length) {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function gap(length) {
  return Buffer.alloc(aligned(length) - length);
}

/** False where nothing can be written; a full disk is left as it was. */
function written(path, bytes) {
  const [folder, draft] = [dirname(path), `${path}.${process.pid}`];
  let file;
  try {
    const isFirst = makeFolder(folder);
    // Where others may write, their link must not lead us elsewhere.
    file = fs.openSync(draft, 'wx', 0o644);
    fs.writeFileSync(file, bytes);
    fs.renameSync(draft, path);
    if (isFirst) removeOldest(folder);
    return true;
  } catch {
    if (file !== undefined) fs.rmSync(draft, { force: true });
    return false;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** Whether it had to be made. Node's own `recursive` never returns where the folder above is there and nothing can be made in it (/proc, autofs). */
function makeFolder(path) {
  if (fs.existsSync(path)) return false;
  makeFolder(dirname(path));
  fs.mkdirSync(path, { mode: 0o755 });
  return true;
}

/** Beside `newest`, what is of our form and our own; whoever reads or writes there just then goes without a pack. */
function removeOldest(newest) {
  const dir = dirname(newest);
  const others = fs.readdirSync(dir).filter(name => PACKS_FOLDER.test(name) && join(dir, name) !== newest);
  const ours = others
    .map(name => ({ path: join(dir, name), stats: fs.lstatSync(join(dir, name), { throwIfNoEntry: false }) }))
    .filter(({ stats }) => stats?.isDirectory() && (process.getuid === undefined || stats.uid === process.getuid()))
    .sort((a, b) => b.stats.mtimeMs - a.stats.mtimeMs);
  for (const { path } of ours.slice(OTHERS_KEPT)) {
    try {
      fs.rmSync(path, { recursive: true, force: true });
    } catch {
      // Another start is at it, too.
    }
  }
}
