DROP TABLE integration_token;
DROP TABLE integration_user;
