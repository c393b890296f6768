/* A real OpenID Connect provider for the tests: oidc-provider (certified by the OpenID Foundation) on loopback.
   Who signs in, and how, is told by POST /control; its keys are made anew by POST /rotate. Ends with its parent's pipe. */
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";

const [back, home] = process.argv.slice(2);
const present = { account: "sub-1", amr: ["pwd", "otp"], acr: "urn:ward:mfa", claims: {}, alg: "RS256", conform: false };

const makeKeys = () => ({
  keys: [
    { type: "rsa", options: { modulusLength: 2048 }, alg: "RS256" },
    { type: "ec", options: { namedCurve: "P-256" }, alg: "ES256" },
    { type: "ed25519", options: {}, alg: "EdDSA" },
  ].map(({ type, options, alg }) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomUUID() })),
});

const read = async (request) => {
  let text = "";
  for await (const part of request) text += part;
  return text ? JSON.parse(text) : {};
};

const make = (issuer) => {
  const provider = new Provider(issuer, {
    jwks: makeKeys(),
    cookies: { keys: [randomUUID()] },
    clients: [
      {
        client_id: "kasane",
        client_secret: "a-secret-of-the-tests",
        redirect_uris: [back],
        post_logout_redirect_uris: [home],
        id_token_signed_response_alg: present.alg,
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    conformIdTokenClaims: present.conform,
    claims: { openid: ["sub", "acr", "amr"], email: ["email", "email_verified"], profile: ["employee_number"] },
    acrValues: ["urn:ward:mfa", "urn:ward:password"],
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...present.claims }) }),
  });
  const answer = provider.callback();
  return async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return answer(request, response);
    const { prompt, params } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") {
      const login = { accountId: present.account, amr: present.amr, acr: present.acr, remember: false };
      return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
    }
    const grant = new provider.Grant({ accountId: present.account, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addOIDCClaims(["acr", "amr"]);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  };
};

let handle;
const server = createServer(async (request, response) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  if (request.url === "/control" || request.url === "/rotate") {
    Object.assign(present, await read(request));
    if (request.url === "/rotate") handle = make(issuer);
    response.end("{}");
  } else await handle(request, response);
});
server.listen(0, "127.0.0.1", () => {
  handle = make(`http://127.0.0.1:${server.address().port}`);
  console.log(JSON.stringify({ port: server.address().port }));
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
