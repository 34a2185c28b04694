// A program against the client that openapi-typescript and openapi-fetch make of openapi.yaml; client.t runs it.
import createClient from 'openapi-fetch';
import type { paths } from './api.js';

declare const process: { argv: string[] };
const api = createClient<paths>({ baseUrl: process.argv[2] });
const statuses: number[] = [];

async function sent(answer: Promise<{ response: Response }>) {
	statuses.push((await answer).response.status);
}

await sent(api.POST('/v1/purchases', { body: { user_id: 'a/b', item_id: 'i', timestamp: 1700000000000, price: 9.5, amount: 2 } }));
await sent(api.POST('/v1/ratings/batch', { params: { query: { on_error: 'skip' } }, body: [{ user_id: 'u', item_id: 'i', value: 5 }] }));
await sent(api.GET('/v1/users/{user_id}/views', { params: { path: { user_id: 'a/b' }, query: { page_size: 10, after: '1700000000000:x&y' } } }));
await sent(api.GET('/v1/items/{item_id}/cart_additions', { params: { path: { item_id: 'é' } } }));
await sent(api.DELETE('/v1/bookmarks', { params: { query: { user_id: 'a+b', from_timestamp: 1700000000000 } } }));
await sent(api.POST('/v1/users/{from_user_id}/interactions/transfer/{to_user_id}', {
	params: { path: { from_user_id: 'guest', to_user_id: 'anna' }, query: { delete_user: false, missing_ok: true } } }));
await sent(api.POST('/v1/users', { body: { external_id: 'anna', name: 'Anna' } }));
await sent(api.GET('/v1/users/{user_id}', { params: { path: { user_id: 'anna' } } }));
await sent(api.PUT('/v1/users/{user_id}', { params: { path: { user_id: 'anna' } }, body: { name: null } }));
await sent(api.DELETE('/v1/users/{user_id}', { params: { path: { user_id: 'anna' } } }));
await sent(api.GET('/healthz'));

// What the API refuses does not compile
// @ts-expect-error a rating without a value
await sent(api.POST('/v1/ratings', { body: { user_id: 'u', item_id: 'i' } }));
// @ts-expect-error a type that there is not
await sent(api.POST('/v1/likes', { body: {} }));

// Answers have types: this compiles as long as they are what is documented
const { data, error } = await api.POST('/v1/purchases/batch', { body: [] });
const created: number | undefined = data?.created;
const message: string | undefined = error?.message;
console.log(statuses.join(' '), created === undefined, message === undefined);
