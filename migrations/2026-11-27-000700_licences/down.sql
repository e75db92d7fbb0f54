DROP TABLE licence_grant;
