// Loads the program's CommonJS files with V8's code cache of an earlier run: what a start needs is then there compiled, where Node's own
// compile cache keeps only what is compiled before a file is run. Without a cache, or with one that does not fit, nothing else changes.

// Asked for like this they come as they are; an import would make all that they can do ready first, streams of files among it.
const { getBuiltinModule } = process;
const fs = getBuiltinModule('node:fs');
const { createRequire } = getBuiltinModule('node:module');
const { dirname, join, relative, sep } = getBuiltinModule('node:path');
const { fileURLToPath, pathToFileURL } = getBuiltinModule('node:url');
const { cachedDataVersionTag } = getBuiltinModule('node:v8');
const vm = getBuiltinModule('node:vm');
const { crc32 } = getBuiltinModule('node:zlib');

/** Eight, of which four are used: V8 wants its data aligned. */
const CHECKSUM_BYTES = 8;
const HEAD = '(function (exports, require, module, __filename, __dirname) {';

export const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist/cli');
const cache = isCaching() ? cacheIn([join(root, 'node_modules/.cache/postrider'), ownFolder()]) : undefined;
const modules = new Map();

/** @param file below dist/cli */
export function load(file) {
  return loadPath(join(dist, file));
}

function loadPath(path) {
  const known = modules.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(path, module);
  const cachedData = cache?.read(path);
  const script = new vm.Script(`${HEAD}${fs.readFileSync(path, 'utf8')}\n})`, {
    filename: path,
    columnOffset: -HEAD.length,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cachedData === undefined || script.cachedDataRejected) cache?.keep(path, script);
  script.runInThisContext().call(module.exports, module.exports, requireFrom(path), module, path, dirname(path));
  return module.exports;
}

function requireFrom(path) {
  const native = createRequire(pathToFileURL(path));
  const folder = dirname(path);
  const require = name => {
    const target = name.startsWith('.') ? join(folder, name) : name;
    return target.startsWith(dist) ? loadPath(target) : native(name);
  };
  return Object.assign(require, { resolve: native.resolve });
}

function isCaching() {
  return process.env.NODE_DISABLE_COMPILE_CACHE !== '1' && process.env.NODE_V8_COVERAGE === undefined;
}

/** In the folder of the program where that may be written, else in the user's. */
function ownFolder() {
  const { HOME = root, XDG_CACHE_HOME = join(HOME, '.cache') } = process.env;
  return join(XDG_CACHE_HOME, 'postrider/code');
}

function cacheIn(dirs) {
  const folder = `${fs.readFileSync(join(dist, 'build-id'), 'utf8')}-${process.version}-${process.arch}`;
  const nameOf = path => join(folder, relative(dist, path).replaceAll(sep, '+'));
  const owners = new Set([process.getuid?.(), fs.statSync(dist).uid]);
  const fresh = [];
  const tag = cachedDataVersionTag();
  // V8 takes code only under the very flags that it was made under; what a run sets for itself would have all of it made again.
  const fits = () => cachedDataVersionTag() === tag;
  const write = () => {
    if (!fits()) return;
    for (const dir of dirs) if (fresh.every(([path, script]) => written(join(dir, nameOf(path)), script))) return;
  };
  return {
    read(path) {
      if (!fits()) return undefined;
      for (const dir of dirs) {
        const data = readOwned(join(dir, nameOf(path)), owners);
        if (data !== undefined) return data;
      }
      return undefined;
    },
    keep(path, script) {
      if (!fits()) return;
      if (fresh.length === 0) process.once('exit', write);
      fresh.push([path, script]);
    },
  };
}

/** Only from those who could change the program itself, or who run it: a code cache is code. */
function readOwned(path, owners) {
  let file;
  try {
    file = fs.openSync(path);
    return owners.has(fs.fstatSync(file).uid) ? unsealed(fs.readFileSync(file)) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** V8 trusts what it is given, so damage has to be noticed here: a checksum comes before the data. */
function unsealed(bytes) {
  const data = bytes.subarray(CHECKSUM_BYTES);
  return bytes.length > CHECKSUM_BYTES && bytes.readUInt32LE(0) === crc32(data) ? data : undefined;
}

function sealed(data) {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(data));
  return Buffer.concat([checksum, data]);
}

/** False where nothing can be written. */
function written(path, script) {
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    fs.writeFileSync(`${path}.${process.pid}`, sealed(script.createCachedData()), { mode: 0o644 });
    fs.renameSync(`${path}.${process.pid}`, path);
    return true;
  } catch {
    return false;
  }
}
