/** `limmat monitor status`, `evidence`, `test-alert` and `ack`: is it working, and what is still open? @module */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { alertOf } from '../monitor/alert.ts';
import { START } from '../monitor/look.ts';
import type { HeadStatus, MonitorStore, SeenHead } from '../monitor/memory.ts';
import { SUCCESS } from '../monitor/monitor.ts';
import { newestTime } from '../monitor/notes.ts';
import { deliver } from '../monitor/notify.ts';
import { timeOf } from '../monitor/rules/seen.ts';
import { createFile } from '../store/durable.ts';
import { EXIT_CODES, UNAVAILABLE } from './exit.ts';
import type { MonitorOptions } from './monitor.ts';
import { type LogStatus, type Status, statusText } from './monitortext.ts';
import { openMonitor, openMonitorData } from './openmonitor.ts';
import { required, setting } from './options.ts';
import { print, visible } from './print.ts';

/** A command of the monitor; its `--config` is that of the monitor. */
export function monitorCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'print JSON instead of text')
    .addOption(setting('--config <file>', 'the configuration of the monitor'))
    .addOption(setting('--data <dir>', 'directory of the monitor'))
    .addHelpText('after', `\n${EXIT_CODES}`);
}

export function makeStatus(): Command {
  return monitorCommand('status', 'how far each log is verified, and which alerts are open')
    .option('--all', 'alerts that were acknowledged as well')
    .action((options: MonitorOptions & { all?: boolean }) => {
      const { store, monitor } = openMonitor(required(options, 'config'), required(options, 'data'));
      printStatus(options.json, statusOf(store, monitor.origins(), options.all));
      store.close();
    });
}

export function statusOf(store: MonitorStore, origins: readonly string[], all = false): Status {
  const logs = origins.map((origin): LogStatus => {
    const { size, looked, note } = store.known(origin);
    const waiting = (status: HeadStatus) => store.heads(origin, { status }).length;
    const [head] = store.heads(origin, { status: 'verified', size });
    const start = Number(store.fact(origin, START) ?? 0);
    const signed = note && newestTime(head?.note ?? note);
    return {
      log: origin,
      verified: size,
      entriesLookedAt: looked - start,
      ...(start === 0 ? {} : { notCheckedBefore: start }),
      ...(signed === undefined && !head
        ? {}
        : { headAt: timeOf(signed ? 1000 * signed : (head as SeenHead).firstSeen) }),
      lastSuccess: store.fact(origin, SUCCESS) ?? 'never',
      pending: waiting('pending'),
      unverifiable: waiting('unverifiable'),
      conflict: waiting('conflict'),
      evidence: store.evidence(origin),
    };
  });
  const alerts = [...store.alerts()].filter(({ acknowledged }) => all || acknowledged === undefined);
  return { logs, alerts };
}

export function printStatus(json: boolean | undefined, status: Status): void {
  if (json) print(json, status);
  else console.log(visible(statusText(status, new Date())));
}

export function makeEvidence(): Command {
  return monitorCommand(
    'evidence',
    'list what proves that a log has signed two histories, for `limmat verify-evidence`',
  )
    .option('--out <dir>', 'also write each as a .tlog-evidence file there, to give to others')
    .action((options: MonitorOptions & { out?: string }) => {
      const { store, monitor } = openMonitor(required(options, 'config'), required(options, 'data'));
      const shown = monitor.origins().flatMap((origin) =>
        store.evidence(origin).map((id) => {
          const file = options.out === undefined ? undefined : join(options.out, `${id}.tlog-evidence`);
          if (file) writeOnce(file, store.evidenceFile(origin, id) as Uint8Array);
          return { log: origin, evidence: id, file };
        }),
      );
      store.close();
      print(options.json, { evidence: shown });
    });
}

/** A file with this name has these bytes already: it is named by its hash. */
function writeOnce(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) createFile(path, bytes);
}

export function makeTestAlert(): Command {
  return monitorCommand(
    'test-alert',
    'send a test to every hook, webhook and mailbox; ends with 3 if one fails',
  ).action(async (options: MonitorOptions) => {
    const { store, config, monitor } = openMonitor(required(options, 'config'), required(options, 'data'));
    const at = timeOf(Date.now());
    const summary = 'this is a test: the monitor can reach you';
    const finding = { kind: 'health', rule: 'test', subject: `${at} ${Math.random()}`, summary } as const;
    const alert = alertOf(monitor.origins()[0] ?? '', at, finding);
    store.raise([alert]);
    const failures: string[] = [];
    // Sent to all of them, whatever was sent before, and not again by the next round.
    await deliver({ unsent: () => [alert], sent: () => {} }, config.channels, (channel, why) =>
      failures.push(`${channel}: ${why}`),
    );
    store.acknowledge(alert.id, at);
    print(options.json, { told: config.channels.length - failures.length, failed: failures });
    store.close();
    if (failures.length > 0) process.exitCode = UNAVAILABLE;
  });
}

export function makeAck(): Command {
  return monitorCommand('ack', 'acknowledge alerts: they are told no more, and no exit code comes from them')
    .argument('<id...>', 'ids of alerts, as status and every message show them')
    .action((ids: string[], options: MonitorOptions) => {
      const store = openMonitorData(required(options, 'data'));
      const at = timeOf(Date.now());
      const unknown = ids.filter((id) => !store.acknowledge(id, at));
      store.close();
      if (unknown.length > 0) throw new Fault('bad-request', `there is no alert ${unknown.join(', ')}`);
      print(options.json, { acknowledged: ids });
    });
}
