// The web site of the seed: a dozen small files of the kinds that a deploy meets, an image made by code among them.
import { crc32, deflateSync } from 'node:zlib';

/** Path → content. */
export function seedSite(): Readonly<Record<string, string | Buffer>> {
  return {
    'index.html': page(
      'Harbour Café',
      '<p>Open from Tuesday to Sunday, 8 to 18.</p><img src="img/sun.png" alt="The sun" width="64">',
    ),
    'menu.html': page('Menu', '<ul><li>Espresso 3.20</li><li>Crème brûlée 7.50</li><li>Soup of the day 9.00</li></ul>'),
    'contact.html': page('Contact', '<p>Quay 7, by the old crane. <a href="mailto:hello@example.org">hello@example.org</a></p>'),
    'news/index.html': page('News', '<p><a href="2026-11-terrace.html">The terrace stays open in winter</a></p>'),
    'news/2026-11-terrace.html': page('The terrace stays open', '<p>With blankets, and with mulled wine.</p>'),
    'css/site.css': 'body { margin: 2rem auto; max-width: 40rem; font: 18px/1.5 serif }\nnav a { margin-right: 1em }\n',
    'css/print.css': 'nav { display: none }\n',
    'js/menu.js': "for (const price of document.querySelectorAll('li')) price.title = 'in francs';\n",
    'img/sun.png': sunPng(64),
    'img/favicon.svg':
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3" fill="#e8a020"/></svg>\n',
    'docs/Größe und Öffnungszeiten.txt': 'Dienstag bis Sonntag, 8 bis 18 Uhr.\n',
    'robots.txt': 'User-agent: *\nAllow: /\n',
    '.nojekyll': '',
  };
}

function page(title: string, body: string): string {
  const links = ['index', 'menu', 'contact', 'news/index'].map(name => `<a href="/${name}.html">${name}</a>`).join('');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title><link rel="stylesheet" href="/css/site.css"></head>
<body><nav>${links}</nav><h1>${title}</h1>${body}</body>
</html>
`;
}

/** A disc on a gradient: 8-bit RGB, one IDAT (PNG, W3C, section 11). */
function sunPng(size: number): Buffer {
  const rows: number[] = [];
  for (let y = 0; y < size; y++) {
    rows.push(0);
    for (let x = 0; x < size; x++) {
      const sun = Math.hypot(x - size / 2, y - size / 2) < size / 3;
      rows.push(...(sun ? [232, 160, 32] : [90, 150, 255 - y]));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.from(rows))), chunk('IEND')]);
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
