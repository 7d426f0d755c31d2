// A writer of the vault that dies: at a step of a write, half of it written, or whenever it is killed from outside.
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { Secret } from '../../src/core/secret.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { systemDisk, type VaultDisk } from '../../src/secrets/vault-disk.ts';

const [path = '', keyFile = '', mode = '', number = '0'] = process.argv.slice(2);
const options = { path, keyFile, clock: systemClock, random: systemRandom };

if (mode === 'die-at') await new Vault({ ...options, disk: deadlyDisk(Number(number)) }).set('web', new Secret('after'));
else await countUp(Number(number));

async function countUp(from: number): Promise<void> {
  const vault = new Vault(options);
  for (let count = from + 1; ; count++) {
    await vault.set('count', new Secret(String(count)));
    process.stdout.write(`${count}\n`);
  }
}

/** Each write counts as two steps: one that is cut in the middle, and one that is whole. */
function deadlyDisk(at: number): VaultDisk {
  let step = 0;
  const dieHere = () => {
    if (step++ === at) process.kill(process.pid, 'SIGKILL');
  };
  return {
    read: systemDisk.read,
    async create(file, bytes) {
      if (step === at) await systemDisk.create(file, bytes.subarray(0, bytes.length / 2));
      dieHere();
      await systemDisk.create(file, bytes);
      dieHere();
    },
    async rename(from, to) {
      dieHere();
      await systemDisk.rename(from, to);
      dieHere();
    },
    async remove(file) {
      dieHere();
      await systemDisk.remove(file);
    },
    async syncFolder(folder) {
      dieHere();
      await systemDisk.syncFolder(folder);
      dieHere();
    },
  };
}
