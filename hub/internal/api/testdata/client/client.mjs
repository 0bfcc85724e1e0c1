// Makes a client from an OpenAPI document as its users would: openapi-typescript writes the types, tsc checks the shop that uses them, strictly.
// Input {document, url, key, locker}; without a url nothing is run. It prints what the shop has seen.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const { document, url, key, locker } = JSON.parse(readFileSync(0, 'utf8'));
const own = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'client'));
try {
	symlinkSync(join(own, 'node_modules'), join(folder, 'node_modules'));
	copyFileSync(join(own, 'shop.mts'), join(folder, 'shop.mts'));
	writeFileSync(join(folder, 'api.mts'), astToString(await openapiTS(document)));
	const options = ['--strict', '--skipLibCheck', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noEmitOnError', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom,dom.iterable'];
	execFileSync(process.execPath, [join(own, 'node_modules/typescript/bin/tsc'), ...options, 'shop.mts'], { cwd: folder, stdio: ['ignore', 2, 2] });
	if (url) console.log(JSON.stringify(await (await import(join(folder, 'shop.mjs'))).play(url, key, locker)));
} catch (error) {
	console.error(error.message);
	process.exitCode = 1;
} finally {
	rmSync(folder, { recursive: true });
}
