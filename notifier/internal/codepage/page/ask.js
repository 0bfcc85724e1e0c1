// ask.js asks the notifier about parcels whose codes this page has. It shows a digest of each code's secret, and never the secret.

// about is what is known of the parcels (null for each that is not) and of their locker's place; null without an answer.
export async function about(wishes) {
  try {
    const answer = await post("about", { wishes });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// act asks for something, and says what came of it: "done", "not" where it cannot be for this parcel now, "later" where it did not get through.
export async function act(what, body) {
  try {
    const { status } = await post(what, body);
    return status === 202 ? "done" : status === 429 || status >= 500 ? "later" : "not";
  } catch {
    return "later";
  }
}

const post = (path, body) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(20_000) });
