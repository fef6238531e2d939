/** Every pack, in the order in which hosts are looked up. A new pack is one line here. */
import { aws } from "./aws.ts";
import { azure } from "./azure.ts";
import { cloudflare } from "./cloudflare.ts";
import { digitalocean } from "./digitalocean.ts";
import { fly } from "./fly.ts";
import { gcp } from "./gcp.ts";
import { github } from "./github.ts";
import { heroku } from "./heroku.ts";
import { kubernetes } from "./kubernetes.ts";
import { neon } from "./neon.ts";
import { netlify } from "./netlify.ts";
import type { Pack } from "./pack.ts";
import { planetscale } from "./planetscale.ts";
import { railway } from "./railway.ts";
import { render } from "./render.ts";
import { stripe } from "./stripe.ts";
import { supabase } from "./supabase.ts";
import { vercel } from "./vercel.ts";

export const packs: readonly Pack[] = [
  railway,
  fly,
  heroku,
  render,
  vercel,
  netlify,
  supabase,
  neon,
  planetscale,
  cloudflare,
  digitalocean,
  github,
  stripe,
  kubernetes,
  gcp,
  azure,
  aws,
];
