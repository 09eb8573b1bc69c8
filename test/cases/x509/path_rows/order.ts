/** Certification paths: which certificates are there, in which order, and where trust begins. */
import { subject } from "../../../run/certificate_maker.ts";
import { issue, keys, lone, type PathRow, type Presented, three } from "../path_maker.ts";

/** Some of three certificates, in an order. */
const picked = (...places: readonly number[]): Presented => {
  const made = three();
  return { ...made, chain: places.map((place) => made.chain[place] as Uint8Array), anchors: made.chain.slice(2) };
};
const trusting = (presented: Presented, ...places: readonly number[]): Presented => ({
  ...presented,
  anchors: places.map((place) => presented.chain[place] as Uint8Array),
});
/** Another certificate of the root's name and key. */
const reissued = () => issue({ subject: subject("root"), key: keys.root, serialNumber: [0x77] });
const namesake = () => issue({ subject: subject("root"), key: keys.other });

/** Beyond PKITS, which judges paths that were built: 6 is RFC 5280's own number for path validation. */
export const ORDER: readonly PathRow[] = [
  {
    id: "6.1",
    about: "CAs in the wrong order",
    make: () => picked(0, 2, 1),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "whole-chain-in-order",
  },
  {
    id: "6.2",
    about: "the intermediate left out",
    make: () => picked(0, 2),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 20,
  },
  {
    id: "6.3",
    about: "the root left out",
    make: () => picked(0, 1),
    ours: "CERTIFICATE_CHAIN_INVALID root-self-signed",
    openssl: 0,
    difference: "whole-chain-in-order",
  },
  {
    id: "6.4",
    about: "the intermediate twice",
    make: () => picked(0, 1, 1, 2),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "whole-chain-in-order",
  },
  {
    id: "6.5",
    about: "a stranger behind the root",
    make: () => {
      const made = three();
      const stranger = issue({ subject: subject("stranger"), key: keys.other });
      return { ...made, chain: [...made.chain, stranger], anchors: made.chain.slice(2) };
    },
    ours: "CERTIFICATE_CHAIN_INVALID self-signed-only-at-the-end",
    openssl: 0,
    difference: "whole-chain-in-order",
  },
  { id: "6.6", about: "trust in the root", make: () => trusting(three(), 2), ours: "verified", openssl: 0 },
  {
    id: "6.7",
    about: "trust in the intermediate",
    make: () => trusting(three(), 1),
    options: ["-partial_chain"],
    ours: "verified",
    openssl: 0,
  },
  {
    id: "6.8",
    about: "trust in the leaf",
    make: () => trusting(three(), 0),
    options: ["-partial_chain"],
    ours: "verified",
    openssl: 0,
  },
  {
    id: "6.9",
    about: "trust in another root",
    make: () => ({ ...three(), anchors: [issue({ subject: subject("elsewhere"), key: keys.other })] }),
    ours: "SIGNER_NOT_TRUSTED",
    openssl: 19,
  },
  {
    id: "6.10",
    about: "trust in a root of the same name and another key",
    make: () => ({ ...three(), anchors: [namesake()] }),
    ours: "SIGNER_NOT_TRUSTED",
    openssl: 19,
  },
  {
    id: "6.11",
    about: "trust in the root issued again, with the same name and key",
    make: () => ({ ...three(), anchors: [reissued()] }),
    ours: "SIGNER_NOT_TRUSTED",
    openssl: 0,
    difference: "anchor-by-bytes",
  },
  {
    id: "6.12",
    about: "trust in the root among strangers",
    make: () => {
      const made = three();
      return { ...made, anchors: [namesake(), reissued(), ...made.chain.slice(2)] };
    },
    ours: "verified",
    openssl: 0,
  },
  {
    id: "6.13",
    about: "trust in another self-signed leaf of the same name",
    make: () => ({ ...lone(), anchors: lone({ key: keys.other }).chain }),
    ours: "SIGNER_NOT_TRUSTED",
    openssl: 18,
  },
  {
    id: "6.14",
    about: "trust in nobody",
    make: () => ({ ...three(), anchors: [] }),
    ours: "TRUST_ANCHOR_MISSING",
    openssl: 19,
  },
];
