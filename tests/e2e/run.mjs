// SPDX-License-Identifier: Apache-2.0
// Runs the suites, each in a process of its own, as many at a time as there are processors; counts
// what they report.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from './lib/server.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const SUITE_SECONDS = 240; // a suite takes seconds; one that hangs must not hang the run

// Tests that are known to fail, "suite: name" a line: they run and are reported, but do not fail the run.
const known = new Set(
    readFileSync(join(folder, 'known_failures.txt'), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#')),
);

function finish(passed, failed) {
    console.log(`\n${passed} passed, ${failed} failed`);
    process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

function suites(names) {
    const all = readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).sort();
    const wanted = names.map((name) => `${name.replace(/\.test\.mjs$/, '')}.test.mjs`);
    for (const name of wanted) {
        if (!all.includes(name)) {
            console.log(`There is no suite ${name}; there are ${all.join(', ')}`);
            finish(0, 1);
        }
    }
    return wanted.length > 0 ? wanted : all;
}

// Runs one suite; gives its output in TAP and how it ended.
function run(name) {
    return new Promise((resolve) => {
        const child = spawn(process.execPath, ['--test-reporter=tap', join(folder, name)], {
            stdio: ['ignore', 'pipe', 'pipe'],
            detached: true, // a group of its own, so that nothing of it is left behind
        });
        let output = '';
        let errors = '';
        child.stdout.on('data', (data) => (output += data));
        child.stderr.on('data', (data) => (errors += data));
        const timer = setTimeout(() => {
            errors += `\nstopped after ${SUITE_SECONDS} s\n`;
            process.kill(-child.pid, 'SIGKILL');
        }, SUITE_SECONDS * 1000);
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            resolve({ output, errors, code: signal ?? code });
        });
    });
}

// The tests of a suite: lines at the margin, and below each what it says about itself.
function read(output) {
    const tests = [];
    for (const line of output.split('\n')) {
        const start = /^(not ok|ok) \d+ - (.*?)(?: # (SKIP|TO[D]O)\b *(.*))?$/.exec(line);
        if (start)
            tests.push({
                isGood: start[1] === 'ok',
                name: start[2],
                skipped: start[3] ? start[4] || 'no reason given' : null,
                detail: [],
            });
        else if (tests.length > 0 && /^ {2}/.test(line)) tests[tests.length - 1].detail.push(line);
    }
    return tests;
}

function report(name, result, seconds) {
    const tests = read(result.output);
    const suite = name.replace('.test.mjs', '');
    const isKnown = (test) => known.has(`${suite}: ${test.name}`);
    const bad = tests.filter((test) => !test.isGood);
    const failed = bad.filter((test) => !isKnown(test));
    const skipped = tests.filter((test) => test.isGood && test.skipped !== null);
    const passed = tests.length - bad.length - skipped.length;
    let failures = failed.length;
    if (bad.length === 0 && result.code !== 0) failures = 1;
    console.log(`${suite.padEnd(16)} ${passed} passed, ${failures} failed, ${seconds} s`);
    for (const test of skipped) console.log(`  skipped: ${test.name}: ${test.skipped}`);
    for (const test of bad.filter(isKnown)) console.log(`  known failure: ${test.name}`);
    for (const test of tests.filter((test) => test.isGood && isKnown(test)))
        console.log(`  known failure that passes now: ${test.name}`);
    for (const test of failed) console.log(`  FAILED: ${test.name}\n${test.detail.join('\n')}`);
    if (failures > 0) {
        if (failed.length === 0) console.log(`  FAILED: the suite ended with ${result.code}`);
        console.log(result.errors.replace(/^/gm, '    '));
    }
    return { passed, failures };
}

if (!existsSync(program)) {
    console.log(`${program} does not exist: make build`);
    finish(0, 1);
}
const queue = suites(process.argv.slice(2));
let passed = 0;
let failed = 0;

async function work() {
    for (let name = queue.shift(); name; name = queue.shift()) {
        const started = Date.now();
        const counts = report(name, await run(name), ((Date.now() - started) / 1000).toFixed(1));
        passed += counts.passed;
        failed += counts.failures;
    }
}

await Promise.all(cpus().map(work));
finish(passed, failed);
