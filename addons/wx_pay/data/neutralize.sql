-- a copy of the database must not use the merchant's numbers, keys or address
UPDATE payment_provider
   SET wx_private_key = NULL,
       wx_apiv3_key = NULL,
       wx_prefix = 'N' || upper(substr(md5(random()::text), 1, 5)),
       state = 'disabled'
 WHERE code = 'wechatpay';
