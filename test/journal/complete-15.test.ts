/** Images of changed rows on PostgreSQL 15: complete, whatever changed the rows. */
import { imagesAreComplete } from "./complete.ts";

imagesAreComplete(15);
