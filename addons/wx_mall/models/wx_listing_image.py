import base64
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.image import image_process

#: pixels of the longest side, by the size named in a picture's address
SIZES = {"1280": "image", "640": "image_640", "240": "image_240"}
JPEG_QUALITY = 85
JPEG_MAGIC = b"\xff\xd8\xff"


class WxListingImage(models.Model):
    """Picture of a listing, or of one SKU of it.

    The product's own picture changes for everybody at once; shoppers see the pictures
    of the last approved version. So a listing keeps its own, as JPEG, and one that
    an approved version shows survives its replacement as an archived copy.
    """

    _name = "wx.listing.image"
    _description = "Listing picture"
    _order = "listing_id, sequence, id"

    name = fields.Char("Alternative text")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    listing_id = fields.Many2one(
        "wx.listing", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="listing_id.company_id", store=True, index=True
    )
    product_tmpl_id = fields.Many2one(related="listing_id.product_tmpl_id")
    product_id = fields.Many2one(
        "product.product",
        "Only for SKU",
        domain="[('product_tmpl_id', '=', product_tmpl_id)]",
        index="btree_not_null",
        ondelete="set null",
    )
    image = fields.Image("Picture", max_width=1280, max_height=1280, required=True)
    image_640 = fields.Image(
        "Picture 640", related="image", max_width=640, max_height=640, store=True
    )
    image_240 = fields.Image(
        "Picture 240", related="image", max_width=240, max_height=240, store=True
    )
    image_hash = fields.Char(
        compute="_compute_image_hash", store=True, index="btree_not_null"
    )

    @api.depends("image")
    def _compute_image_hash(self):
        for record in self.with_context(bin_size=False):
            image = record.image
            record.image_hash = (
                hashlib.sha256(base64.b64decode(image)).hexdigest()[:16]
                if image
                else False
            )

    @api.constrains("product_id", "listing_id")
    def _check_product(self):
        for record in self.filtered("product_id"):
            if record.product_id.product_tmpl_id != record.product_tmpl_id:
                raise ValidationError(
                    self.env._("The SKU of a picture must belong to its product.")
                )

    @api.model
    def _as_jpeg(self, image, side=1280):
        """Base64 in, base64 JPEG out, the longest side at most ``side`` pixels.

        :raises UserError: not a picture, or a drawing (SVG can carry scripts)
        """
        if not image:
            return image
        try:
            source = base64.b64decode(image, validate=True)
        except ValueError as exc:
            raise UserError(self.env._("This is not a picture.")) from exc
        done = image_process(
            source, size=(side, side), quality=JPEG_QUALITY, output_format="JPEG"
        )
        if not done.startswith(JPEG_MAGIC):
            raise UserError(self.env._("Use a photograph: JPEG, PNG or WebP."))
        return base64.b64encode(done)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [
                {**vals, "image": self._as_jpeg(vals["image"])}
                if vals.get("image")
                else vals
                for vals in vals_list
            ]
        )

    def write(self, vals):
        if vals.get("image"):
            vals = {**vals, "image": self._as_jpeg(vals["image"])}
            for record in self.filtered(lambda image: image._is_published()):
                record.copy({"active": False})
        return super().write(vals)

    def unlink(self):
        """An approved picture is archived, so that its address keeps working."""
        kept = self.filtered(lambda image: image.active and image._is_published())
        kept.write({"active": False})
        return super(WxListingImage, self - kept).unlink()

    def _is_published(self) -> bool:
        self.ensure_one()
        media = self.listing_id._published_payload().get("media") or ()
        return any(item["hash"] == self.image_hash for item in media)

    @api.model
    def _path(self, listing_id, item, size) -> str:
        """Public address of a picture of a version's payload (no host)."""
        return f"/wx/media/listing/{listing_id}/{item['id']}-{size}-{item['hash']}.jpg"
