// Holds an OpenAPI document on the input against Redocly's recommended rules, and its examples against their schemas. It prints each problem, warnings too, and fails where there is one.
import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const problems = await lintFromString({
	source: readFileSync(0, 'utf8'),
	absoluteRef: 'openapi.json',
	config: await createConfig({ extends: ['recommended'], rules: { 'no-invalid-schema-examples': 'error', 'no-invalid-parameter-examples': 'error' } }),
});
for (const { severity, ruleId, message, location } of problems) console.log(`${severity} ${ruleId} at ${location[0].pointer}: ${message}`);
process.exitCode = problems.length > 0 ? 1 : 0;
