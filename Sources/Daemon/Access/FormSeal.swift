// What a form sends back to show that it is of a page of ours: derived from what only the visitor's
// browser, or only this process, has, so that nothing needs to be kept.

import Crypto

enum FormSeal {
    /// HMAC-SHA-256, in hexadecimal digits.
    static func make(_ secret: Secret, for words: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("layerfold form \(words)".utf8), using: SymmetricKey(data: secret.bytes))
        return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
