import { chromium } from 'playwright-core';
import { serveStory } from './storylog.ts';
import { tellStory } from './story.ts';
import { freshPage, settled, shoot, WIDE, NARROW } from './browser.ts';
const s = await serveStory(tellStory());
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu'] });
const only = process.argv.slice(2);
const pages: [string,string][] = [['overview','#/'],['where','#/where?country=CH&process=acme/samples&on=2019-02-01'],['builds','#/builds'],['keys','#/keys'],['supervision','#/supervision'],['witnesses','#/witnesses'],['entry','#/entry/40']];
for (const look of [WIDE, {width:1280,scheme:'dark'} as const, NARROW]) for (const [n,h] of pages) {
  if (only.length && !only.includes(n)) continue;
  const w = await freshPage(browser, s.url, look);
  const t=performance.now();
  await w.page.goto(s.url + '/' + h);
  try { await settled(w.page); } catch(e) { console.log(String(e).slice(0,200)); }
  console.log(n, look.width, look.scheme, Math.round(performance.now()-t), 'ms', w.bytes, w.wrong);
  await shoot(w.page, `${n}-${look.width}-${look.scheme}`);
  await w.page.context().close();
}
await browser.close(); await s.close();
