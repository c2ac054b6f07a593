"""SQL of the freight documents. Fees leave it as integer fen."""

VERSION = "SELECT freight_version FROM wx_app WHERE id = %s"

BUMP = """
UPDATE wx_app SET freight_version = gen_random_uuid()
 WHERE %(companies)s::int[] IS NULL OR company_id = ANY(%(companies)s)
"""

APP = """
SELECT a.company_id, a.freight_combine,
       (SELECT t.id FROM wx_freight_template t
         WHERE t.id = a.freight_template_id AND t.active
           AND t.company_id = a.company_id)
  FROM wx_app a WHERE a.id = %s
"""

#: one row per template; rules and free rules in their order, each with its regions
TEMPLATES = """
SELECT t.id, t.name, t.charge_by,
       (SELECT json_agg(json_build_object(
                   'delivers', r.delivers, 'first', r.first_qty,
                   'first_fen', round(COALESCE(r.first_fee, 0) * 100)::int,
                   'next', r.next_qty,
                   'next_fen', round(COALESCE(r.next_fee, 0) * 100)::int,
                   'regions', (SELECT array_agg(g.key)
                                 FROM wx_freight_rule_region_rel x
                                 JOIN wx_region g ON g.id = x.region_id
                                WHERE x.rule_id = r.id))
               ORDER BY r.sequence, r.id)
          FROM wx_freight_rule r WHERE r.template_id = t.id),
       (SELECT json_agg(json_build_object(
                   'condition', f.condition, 'scope', f.scope,
                   'from_fen', round(COALESCE(f.from_amount, 0) * 100)::int,
                   'from_qty', COALESCE(f.from_qty, 0),
                   'regions', (SELECT array_agg(g.key)
                                 FROM wx_freight_free_region_rel x
                                 JOIN wx_region g ON g.id = x.region_id
                                WHERE x.rule_id = f.id))
               ORDER BY f.sequence, f.id)
          FROM wx_freight_free_rule f WHERE f.template_id = t.id)
  FROM wx_freight_template t
 WHERE t.company_id = %s AND t.active
 ORDER BY t.id
"""

RESTRICTIONS = """
SELECT s.id, s.name, s.mode,
       (SELECT array_agg(g.key ORDER BY g.key)
          FROM wx_freight_restriction_region_rel x
          JOIN wx_region g ON g.id = x.region_id
         WHERE x.restriction_id = s.id),
       (SELECT array_agg(x.template_id::text ORDER BY x.template_id)
          FROM wx_freight_restriction_template_rel x
         WHERE x.restriction_id = s.id)
  FROM wx_freight_restriction s
 WHERE s.company_id = %s AND s.active
 ORDER BY s.id
"""

#: only products that cannot go everywhere
PRODUCTS = """
SELECT p.id,
       array_agg(DISTINCT s.id::text) FILTER (WHERE s.id IS NOT NULL),
       array_agg(DISTINCT g.key) FILTER (WHERE g.key IS NOT NULL)
  FROM (SELECT product_tmpl_id FROM wx_product_restriction_rel
        UNION SELECT product_tmpl_id FROM wx_product_not_to_rel) t
  JOIN product_product p ON p.product_tmpl_id = t.product_tmpl_id
  LEFT JOIN wx_product_restriction_rel x ON x.product_tmpl_id = t.product_tmpl_id
  LEFT JOIN wx_freight_restriction s
         ON s.id = x.restriction_id AND s.active AND s.company_id = %s
  LEFT JOIN wx_product_not_to_rel n ON n.product_tmpl_id = t.product_tmpl_id
  LEFT JOIN wx_region g ON g.id = n.region_id
 GROUP BY p.id
HAVING count(s.id) + count(g.id) > 0
"""

#: what freight needs to know of SKUs: template, grams, cubic centimetres, is it sent
FACTS = """
SELECT p.id AS product_id,
       COALESCE(l.wx_freight_template_id, t.wx_freight_template_id) AS template_key,
       COALESCE(round(p.weight * 1000), 0)::int AS weight_g,
       COALESCE(round(p.volume * 1000000), 0)::int AS volume_cm3,
       t.type = 'consu' AS is_goods
  FROM product_product p
  JOIN product_template t ON t.id = p.product_tmpl_id
  LEFT JOIN wx_listing l
         ON l.product_tmpl_id = p.product_tmpl_id AND l.app_id = %s AND l.active
 WHERE p.id = ANY(%s)
"""
