// A shop that announces, tracks and cancels with the generated client. What it reads and sends is checked against the document's types.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.mjs';

export async function play(baseUrl: string, key: string, locker: string) {
	const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
	const announced = await api.POST('/v1/shipments', {
		params: { header: { 'Idempotency-Key': 'order-117-1' } },
		body: {
			locker,
			reference: 'ORDER-117',
			dwell_hours: 72,
			recipient: { phone: '+79161234567', name: 'Ann', language: 'en' },
			parcels: [{ size: 'S' }, { dimensions_mm: { l: 300, w: 200, h: 150 }, weight_g: 850 }],
		},
	});
	if (announced.error) throw new Error(announced.error.detail);
	const shipment = announced.data;
	const barcodes = shipment.parcels.map((p) => p.barcode);

	const states: components['schemas']['Parcel']['state'][] = [];
	for (const barcode of barcodes) {
		const { data, error } = await api.GET('/v1/parcels/{barcode}', { params: { path: { barcode } } });
		if (error) throw new Error(error.detail);
		states.push(data.state);
	}
	const label = await api.GET('/v1/parcels/{barcode}/label.pdf', { params: { path: { barcode: barcodes[0]! } }, parseAs: 'arrayBuffer' });
	const cancelled = await api.POST('/v1/shipments/{id}/cancel', { params: { path: { id: shipment.id } } });
	if (cancelled.error) throw new Error(cancelled.error.detail);
	const events = await api.GET('/v1/events', { params: { query: { limit: 100 } } });
	if (events.error) throw new Error(events.error.detail);
	const unknown = await api.GET('/v1/shipments/{id}', { params: { path: { id: 'nothing' } } });
	return {
		barcodes,
		states,
		label: label.data ? new TextDecoder('latin1').decode(label.data).slice(0, 4) : label.error,
		after: cancelled.data.parcels.map((p) => p.state),
		events: events.data.events.map((e) => e.data.event.what),
		unknown: unknown.error?.code,
	};
}
