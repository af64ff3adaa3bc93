// Style and script of all pages. Browsers keep them, and ask each time whether they are still the
// same: the daemon may be another one by then.

import HTTP
import Pages
import Report

struct PageAssets: Sendable {
    let type: String
    let bytes: [UInt8]
    /// Tells one content from another.
    private let tag: String

    static let style = PageAssets(
        "text/css; charset=utf-8",
        PageStyle.markup.text + CompareStyle.text + SubmitStyle.text + StoreStyle.text)
    static let script = PageAssets(
        "text/javascript; charset=utf-8", PageScript.text + SubmitScript.text)

    private init(_ type: String, _ text: String) {
        self.type = type
        bytes = Array(text.utf8)
        // FNV-1a, 64 bits: nobody but us writes these texts.
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        tag = "\"\(String(hash, radix: 16))\""
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let headers = [
            (name: "ETag", value: tag), (name: "Cache-Control", value: "private, no-cache"),
        ]
        let isKnown = request.header("if-none-match")?.contains(tag) ?? false
        return HTTPResponse(
            status: isKnown ? 304 : 200, type: type, headers: headers,
            .bytes(isKnown ? [] : bytes))
    }
}
