/** The names of domains in certificates. */
import { X509Certificate } from 'node:crypto';
import { isDomainName } from './domain-names.js';

/**
 * Whether a certificate has the name of a domain: the name itself, no pattern, and in the field for such names.
 *
 * @param raw - the certificate in DER
 * @param domain - any text
 */
export function isOfDomain(raw: Uint8Array, domain: string): boolean {
  if (!isDomainName(domain)) return false;
  return new X509Certificate(raw).checkHost(domain, { subject: 'never', wildcards: false }) === domain;
}
