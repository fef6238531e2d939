/**
 * How AWS is signed for, as data: which services' paths are signed as sent, and which are signed under another name than their host's.
 * Names are of the service models of botocore (Apache-2.0, `endpointPrefix` and `signingName`), where no label of the host says them.
 */
import type { PackSigning } from "./pack.ts";

export const awsSigning: PackSigning = {
  // Amazon S3's documentation, "Authenticating Requests": its keys are not normalised, and encoded once.
  asSent: ["s3", "s3-outposts", "s3-object-lambda", "s3express"],
  signedAs: {
    "agreement-marketplace": ["aws-marketplace"],
    "api.tunneling.iot": ["IoTSecuredTunneling"],
    appconfigdata: ["appconfig"],
    appstream2: ["appstream"],
    "catalog.marketplace": ["aws-marketplace"],
    cloudhsmv2: ["cloudhsm"],
    cloudsearchdomain: ["cloudsearch"],
    "contact-lens": ["connect"],
    "data-ats.iot": ["iotdata", "iotdevicegateway"],
    "data.iot": ["iotdata", "iotdevicegateway"],
    "data.jobs.iot": ["iot-jobs-data"],
    "deployment-marketplace": ["aws-marketplace"],
    "discovery-marketplace": ["aws-marketplace"],
    email: ["ses"],
    "entitlement.marketplace": ["aws-marketplace"],
    forecastquery: ["forecast"],
    iot: ["execute-api"],
    ivsrealtime: ["ivs"],
    "mail-manager": ["ses"],
    "memory-db": ["memorydb"],
    "metering.marketplace": ["aws-marketplace"],
    "migrationhub-config": ["mgh"],
    oidc: ["sso-oauth", "awsssooidc"],
    "participant.connect": ["execute-api"],
    pinpoint: ["mobiletargeting"],
    "portal.sso": ["awsssoportal"],
    queue: ["sqs"],
    "reporting-marketplace": ["aws-marketplace"],
  },
};
