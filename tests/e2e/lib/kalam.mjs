// SPDX-License-Identifier: Apache-2.0
// kalam as a program: run to its end, fed through a pipe, or at a terminal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after } from 'node:test';
import { build, temporaryFolder } from './server.mjs';
import { until } from './until.mjs';

export const kalam = join(build, 'kalam');

// The history and whatever else a user keeps.
export const home = temporaryFolder('home');

// Runs a program on a terminal of its own (the C library has no program for that, Python has).
const ON_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
// Runs a program and says last how much memory it had at most, in KiB.
const MEASURED = `import os, resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)`;

function environment(more) {
    const inherited = Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^(KALAM|NO_COLOR)/.test(name)));
    return { ...inherited, HOME: home, LANG: 'C.UTF-8', ...more };
}

// None outlives the suite, whatever failed.
const live = new Set();
after(() => live.forEach((child) => child.kill('SIGKILL')));

// A kalam that runs. Without a terminal it belongs to a session of its own, so that it has nobody to ask.
class Process {
    constructor(command, args, { env, stdio = ['pipe', 'pipe', 'pipe'] } = {}) {
        this.child = spawn(command, args, { env: environment(env), stdio, detached: true });
        live.add(this.child);
        this.out = '';
        this.err = '';
        this.child.stdin?.on('error', () => {}); // it may have ended
        for (const [stream, name] of [[this.child.stdout, 'out'], [this.child.stderr, 'err']]) {
            stream?.setEncoding('utf8');
            stream?.on('data', (data) => (this[name] += data));
        }
        this.ended = new Promise((resolve, reject) => {
            this.child.on('error', reject);
            this.child.on('close', (code, signal) => resolve({
                code: signal ?? code, out: this.out, err: this.err,
            }));
        });
        this.ended.finally(() => {
            this.hasEnded = true;
            live.delete(this.child);
        }).catch(() => {});
    }

    write(text) {
        this.child.stdin.write(text);
    }

    // Waits for output (standard output, or everything on a terminal) behind what was waited for before.
    async says(pattern) {
        this.at ??= 0;
        await until(`kalam says ${pattern}`, () => {
            const rest = this.out.slice(this.at);
            const found = typeof pattern === 'string'
                ? (rest.includes(pattern) ? { index: rest.indexOf(pattern), 0: pattern } : null)
                : pattern.exec(rest);
            if (!found) {
                assert.ok(!this.hasEnded, `kalam ended instead: ${this.out}\n${this.err}`);
                return false;
            }
            this.seen = rest.slice(0, found.index);
            this.at += found.index + found[0].length;
            return true;
        }).catch((error) => assert.fail(`${error.message}, but ${JSON.stringify(this.out)} ${this.err}`));
        return this.seen;
    }
}

// Starts kalam with its input open.
export function start(args, options) {
    return new Process(kalam, args, options);
}

// Runs it to its end.
export function run(args, { input = '', ...options } = {}) {
    const process = start(args, options);
    process.child.stdin?.end(input);
    return process.ended;
}

// Runs it to its end; gives also the memory it had at most, in KiB.
export async function runMeasured(args, options) {
    const process = new Process('python3', ['-c', MEASURED, kalam, ...args], options);
    process.child.stdin.end();
    const result = await process.ended;
    const [, err, memory] = /^([^]*?)(\d+)\n$/.exec(result.err);
    return { ...result, err, memory: Number(memory) };
}

// At a terminal; what is typed is written, and comes back as the terminal shows it.
export function atTerminal(args, { env, ...options } = {}) {
    return new Process('python3', ['-c', ON_TERMINAL, kalam, ...args], { env: { TERM: 'dumb', ...env }, ...options });
}
