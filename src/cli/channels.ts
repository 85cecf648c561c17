/** How a monitor tells people: executables, webhooks with an HMAC, and mail. @module */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { Alert } from '../monitor/memory.ts';
import type { Channel } from '../monitor/notify.ts';

const PATIENCE = 30_000;
/** A mail lists so many alerts and counts the others. */
const MAIL_BATCH = 100;

/** Runs an executable with an alert as JSON on standard input; done when it ends with 0. */
export function hookChannel(path: string): Channel {
  return {
    name: `hook ${path}`,
    batch: 1,
    async send(alerts) {
      for (const alert of alerts) await runHook(path, JSON.stringify(alert), environmentOf(alert));
    },
  };
}

function environmentOf({ id, origin, kind, rule, summary, index }: Alert): Record<string, string> {
  return {
    LIMMAT_ALERT: id,
    LIMMAT_ORIGIN: origin,
    LIMMAT_KIND: kind,
    LIMMAT_RULE: rule,
    LIMMAT_SUMMARY: summary,
    ...(index === undefined ? {} : { LIMMAT_INDEX: String(index) }),
  };
}

export function runHook(path: string, input: string, environment: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    // The option `timeout` of `spawn` keeps this process waiting also for one that could not even be started.
    const late = AbortSignal.timeout(PATIENCE);
    const child = spawn(path, [], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'ignore', 'inherit'],
      signal: late,
    });
    child.once('error', (error) => reject(late.aborted ? late.reason : error));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`it ended with ${code ?? signal}`));
    });
    child.stdin.on('error', () => {}); // one that does not read its input may still end with 0
    child.stdin.end(input);
  });
}

/** Posts an alert as JSON; `Limmat-Signature: sha256=<hex>` is the HMAC-SHA256 of the body under the shared secret. */
export function webhookChannel(url: string, secret: Uint8Array): Channel {
  return {
    name: `webhook ${url}`,
    batch: 1,
    async send(alerts) {
      for (const alert of alerts) {
        const body = JSON.stringify(alert);
        const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'limmat-signature': signature },
          body,
          redirect: 'error',
          signal: AbortSignal.timeout(PATIENCE),
        });
        await response.body?.cancel();
        if (!response.ok) throw new Error(`it answers ${response.status}`);
      }
    },
  };
}

export type Mail = { readonly smtp: string; readonly from: string; readonly to: readonly string[] };

/** `smtp` is a URL of nodemailer, such as `smtps://user:password@mail.example`. */
export function mailChannel({ smtp, from, to }: Mail): Channel {
  const transport = createTransport(smtp);
  return {
    name: `mail ${to.join(' ')}`,
    batch: MAIL_BATCH,
    async send(alerts) {
      const [first] = alerts as [Alert];
      const more = alerts.length > 1 ? ` (and ${alerts.length - 1} more)` : '';
      await transport.sendMail({
        from,
        to: [...to],
        subject: `[limmat] ${first.summary}${more}`,
        text: textOf(alerts),
      });
    },
  };
}

function textOf(alerts: readonly Alert[]): string {
  return alerts
    .map(
      ({ id, origin, kind, rule, summary, at }) => `${summary}\n\n  ${origin}: ${kind} (${rule}), ${at}\n  id ${id}\n`,
    )
    .join('\n');
}
