/// What a document may be.
package struct XMLOptions: Sendable {
    /// The most elements in one another.
    package var depth: Int

    /// The most bytes of one text that is wanted, or of one record.
    package var text: Int

    /// Whether a text that is longer is cut there; else the document is refused.
    package var cutsTexts: Bool

    /// The most bytes of a tag or a comment, which expat holds in one piece.
    package var token: Int

    /// Whether it may declare a document type. Nothing is fetched for it, and entities are refused all the same.
    package var allowsDocumentType: Bool

    /// Whether control characters that XML does not have are taken out, and bytes that are no UTF-8, and characters that
    /// XML does not have, become U+FFFD. The document is UTF-8 then, whatever it says.
    package var repairs: Bool

    /// The most bytes of a name.
    static let name = 256

    package init(
        depth: Int = 64,
        text: Int = 16 << 20,
        cutsTexts: Bool = false,
        token: Int = 256 << 10,
        allowsDocumentType: Bool = true,
        repairs: Bool = false
    ) {
        self.depth = depth
        self.text = min(text, Int(Int32.max))
        self.cutsTexts = cutsTexts
        self.token = token
        self.allowsDocumentType = allowsDocumentType
        self.repairs = repairs
    }
}
