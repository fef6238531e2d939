-- What belongs to the whole server: made once, put back before each attack that is proven. {password} is that of `clerk`.
CREATE ROLE clerk LOGIN PASSWORD '{password}';
CREATE ROLE auditor NOLOGIN;
GRANT auditor TO clerk;
CREATE DATABASE ledger OWNER clerk;
CREATE DATABASE spare OWNER clerk;
