// A shop's integration with a PickPoint locker network, as its developers would write it from the API's reference. No packages.
//
//   PICKPOINT_URL=http://127.0.0.1:8401/api/ PICKPOINT_LOGIN=apitest PICKPOINT_PASSWORD=apitest PICKPOINT_IKN=9990003041 \
//     node shop.mjs register < orders.json
//
// Each verb reads one JSON value and prints one. Where the service refuses, it prints {"refused": {code, text}} and ends with 1.
// The session is kept in the file PICKPOINT_SESSION, and begun anew when the service says that it is over.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const { PICKPOINT_URL, PICKPOINT_LOGIN, PICKPOINT_PASSWORD, PICKPOINT_IKN, PICKPOINT_SESSION } = process.env;
const SESSION_OVER = -2014;

class Refused extends Error {
	constructor(code, text) {
		super(text);
		this.code = code;
	}
}

async function send(method, body) {
	const response = await fetch(PICKPOINT_URL + method, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json; charset=utf-8', 'Content-Encoding': 'UTF-8' },
		body: JSON.stringify(body),
		signal: AbortSignal.timeout(60_000),
	});
	if (response.status !== 200) throw new Error(`${method}: HTTP ${response.status}`);
	return response;
}

async function login() {
	const answer = await (await send('login', { Login: PICKPOINT_LOGIN, Password: PICKPOINT_PASSWORD })).json();
	if (answer.ErrorMessage) throw new Refused(answer.ErrorCode, answer.ErrorMessage);
	writeFileSync(PICKPOINT_SESSION, answer.SessionId, { mode: 0o600 });
	return answer.SessionId;
}

const session = async () => (existsSync(PICKPOINT_SESSION) ? readFileSync(PICKPOINT_SESSION, 'utf8') : login());

async function call(method, body) {
	let answer = await (await send(method, { SessionId: await session(), ...body })).json();
	if (answer.ErrorCode === SESSION_OVER) answer = await (await send(method, { SessionId: await login(), ...body })).json();
	if (answer.ErrorCode) throw new Refused(answer.ErrorCode, answer.ErrorMessage);
	return answer;
}

// paper fetches a document into a file. A failure is a text that does not say whether the session is over, so documents have a new one.
async function paper(method, body, file) {
	const bytes = Buffer.from(await (await send(method, { SessionId: await login(), ...body })).arrayBuffer());
	if (bytes.subarray(0, 4).toString('latin1') !== '%PDF') throw new Refused(0, bytes.toString('utf8'));
	writeFileSync(file, bytes);
	return { bytes: bytes.length };
}

const sending = (locker) => (order, index) => ({
	EDTN: index,
	IKN: PICKPOINT_IKN,
	Invoice: {
		SenderCode: order.id,
		Description: 'Книги',
		RecipientName: order.name,
		PostamatNumber: locker,
		MobilePhone: order.phone,
		Email: order.email ?? null,
		PostageType: order.sum > 0 ? 10003 : 10001,
		GettingType: 101,
		PayType: 1,
		DeliveryMode: 1,
		Sum: order.sum ?? 0,
		InsuareValue: 0,
		SenderCity: { CityName: 'Казань', RegionName: 'Татарстан респ.' },
		Places: order.boxes.map((box, place) => ({
			BarCode: '',
			GCBarCode: `${order.id}/${place + 1}`,
			Width: box.width, Height: box.height, Depth: box.depth, Weight: box.weight,
			CellStorageType: 0,
			SubEncloses: [{ Line: `${place + 1}`, ProductCode: 4559802, GoodsCode: '', Name: 'Роман', Price: 450 }],
		})),
	},
});

// day is 2026-12-01 as the reference writes days in a period.
const day = (text) => text.split('-').reverse().join('.');
const step = (s) => ({ state: s.State, text: s.StateMessage, at: new Date(s.ChangeDT).toISOString() });
const done = ({ Result }) => ({ done: Result === true });

const verbs = {
	async lockers() {
		const list = await (await fetch(PICKPOINT_URL + 'postamatlist')).json();
		return list.filter((l) => l.Status === 2).map((l) => ({ number: l.Number, city: l.CitiName, largest: l.MaxSize.split('x').map(Number) }));
	},
	async register({ locker, orders }) {
		const answer = await call('CreateShipment', { Source: 3, Sendings: orders.map(sending(locker)) });
		const order = (s) => orders[Number(s.EDTN)].id;
		return {
			created: answer.CreatedSendings.map((s) => ({ id: order(s), number: s.InvoiceNumber, barcodes: s.Places.map((p) => p.Barcode) })),
			rejected: answer.RejectedSendings.map((s) => ({ id: order(s), code: s.ErrorCode, text: s.ErrorMessage })),
		};
	},
	labels: ({ numbers, file }) => paper('makelabel', { Invoices: numbers }, file),
	async registry({ numbers, city, region }) {
		return { numbers: (await call('makereestrnumber', { CityName: city, RegionName: region, Invoices: numbers })).Numbers.map(Number) };
	},
	act: ({ registry, file }) => paper('getreestr', { reestrNumber: registry }, file),
	async registryof({ number }) {
		return { registry: Number((await call('getreestrnumber', { InvoiceNumber: number })).Number) };
	},
	async unlist({ number }) {
		return { done: (await call('removeinvoicefromreestr', { IKN: PICKPOINT_IKN, InvoiceNumber: number })).ErrorCode === 0 };
	},
	async courier({ city, address, name, phone, date, from, to, places, weight }) {
		const answer = await call('courier', {
			IKN: PICKPOINT_IKN, City: city, Address: address, FIO: name, Phone: phone, Date: date.replaceAll('-', '.'),
			TimeStart: from, TimeEnd: to, Number: places, Weight: weight, Comment: '',
		});
		if (!answer.CourierRequestRegistred) throw new Refused(answer.ErrorCode, answer.ErrorMessage);
		return { order: answer.OrderNumber };
	},
	async uncourier({ order }) {
		return { done: (await call('couriercancel', { OrderNumber: order })).Canceled };
	},
	async track({ numbers }) {
		const answer = await call('tracksendings', { Invoices: numbers });
		return Object.fromEntries(answer.Invoices.map((i) => [i.InvoiceNumber, i.States.map(step)]));
	},
	async state({ number }) {
		return step((await call('tracksending', { InvoiceNumber: number }))[0]);
	},
	async info({ id }) {
		return (await call('sendinginfo', { SenderInvoiceNumber: id })).map((s) => ({ number: s.InvoiceNumber, barcodes: s.Barcodes }));
	},
	cancel: async ({ number }) => done(await call('cancelInvoice', { IKN: PICKPOINT_IKN, InvoiceNumber: number })),
	reject: async ({ number }) => done(await call('rejectInvoice', { IKN: PICKPOINT_IKN, InvoiceNumber: number })),
	async return({ number }) {
		const codes = [await call('makereturn', { InvoiceNumber: number })].flat();
		const failed = codes.find((c) => c.Error);
		if (failed) throw new Refused(failed.ErrorCode, failed.Error);
		const [back] = (await call('getreturn', { Invoices: [number] })).ReturnInvoices;
		return { number: back.ReturnInvoiceNumber, barcodes: back.ReturnBarcodes, codes: codes.map((c) => c.ReturnCode) };
	},
	async returns({ from, to }) {
		const list = await call('getreturninvoiceslist', { DateFrom: day(from), DatetTo: day(to) }); // as the reference spells it
		return list.SendingsInfo.map((s) => ({ number: s.InvoiceNumber, id: s.SenderInvoiceNumber, why: s.ReturnReason }));
	},
	async goods({ from, to }) {
		const acts = await call('getproductreturnorder', { IKN: PICKPOINT_IKN, DateFrom: day(from), DateEnd: day(to) });
		return acts.flatMap((a) => a.Invoices.map((i) => ({ act: a.DocumentNumber, number: i.ReturnInvoiceNumber, barcodes: i.Encloses.map((e) => e.Barcode) })));
	},
	async changes({ from, to }) {
		const list = await call('getInvoicesChangeState', { DateFrom: day(from), DateTo: day(to), State: null });
		return list.map((c) => {
			const [, d, m, y, time] = /^(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d)$/.exec(c.ChangeDT);
			return { number: c.InvoiceNumber, state: c.State, at: `${y}-${m}-${d}T${time}:00+03:00` };
		});
	},
};

async function input() {
	let text = '';
	for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
	return JSON.parse(text);
}

const print = (value) => process.stdout.write(JSON.stringify(value) + '\n');
try {
	print(await verbs[process.argv[2]](await input()));
} catch (error) {
	if (!(error instanceof Refused)) throw error;
	print({ refused: { code: error.code, text: error.message } });
	process.exitCode = 1;
}
