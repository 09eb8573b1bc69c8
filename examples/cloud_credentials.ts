/** Credentials of clouds, each a `CredentialSource` for its own registries; `firstOf` puts several together. */
import type { CredentialSource } from "../src/mod.ts";

/** Google Artifact Registry: an access token, such as the metadata server's or a service account's, is the password. */
export function googleCredentials(accessToken: (signal: AbortSignal) => Promise<string>): CredentialSource {
  return async ({ host }, { signal }) => {
    if (!/^([a-z0-9-]+\.pkg\.dev|([a-z]+\.)?gcr\.io)$/.test(host)) return undefined;
    const secret = await accessToken(signal);
    return { type: "basic", username: "oauth2accesstoken", secret, source: "Google's access token" };
  };
}

/** Azure Container Registry: a token of Microsoft Entra is exchanged for the registry's own identity token. */
export function azureCredentials(
  tenant: string,
  entraToken: (signal: AbortSignal) => Promise<string>,
  send: typeof fetch = fetch,
): CredentialSource {
  return async ({ host }, { signal }) => {
    if (!/^[a-z0-9]+\.azurecr\.io$/.test(host)) return undefined;
    const form = { grant_type: "access_token", service: host, tenant, access_token: await entraToken(signal) };
    const body = new URLSearchParams(form);
    const answer = await send(`https://${host}/oauth2/exchange`, { method: "POST", body, signal, redirect: "manual" });
    if (!answer.ok) throw new Error(`Cannot exchange the token at ${host}: it answered ${answer.status}`);
    const { refresh_token: token } = await answer.json() as { readonly refresh_token: string };
    return { type: "identityToken", token, source: "Azure's token" };
  };
}
