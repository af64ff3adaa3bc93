// What a server tells people at all. A wish beyond that is refused where it is made: somebody who
// waits for a letter that never comes has lost more than somebody who has to change a line.

package struct NotifyRule: Sendable, Hashable {
    package struct Refusal: Sendable, Equatable {
        package let problem: String
        package let hint: String
    }

    package var mail: Bool
    /// Names of hosts, in lower case; `*` for every host on the public net. Hosts in networks of
    /// one's own count only where they are named.
    package var webhooks: [String]

    package init(mail: Bool = false, webhooks: [String] = []) {
        self.mail = mail
        self.webhooks = webhooks
    }

    /// Where nobody is told anything, as without a daemon.
    package static let anything = NotifyRule(mail: true, webhooks: ["*"])
    package static let nothing = NotifyRule()

    /// Nil where the server sends mail.
    package var refusalOfMail: Refusal? {
        mail
            ? nil
            : Refusal(
                problem: "this server sends no mail",
                hint: "take `mail` out, or ask its administrator for the setting "
                    + "`notify: {mail: true}`")
    }

    /// Nil where the server may connect to the host, as far as its name tells.
    package func refusal(of url: WebhookURL) -> Refusal? {
        guard url.scheme == .https || url.isThisMachine else {
            return Refusal(
                problem: "`http://` is for webhooks on the server itself", hint: "write `https://`")
        }
        if webhooks.contains(url.host) || webhooks.contains("*") { return nil }
        return Refusal(
            problem: webhooks.isEmpty
                ? "this server calls no webhooks"
                : "this server does not call webhooks of `\(url.host)`",
            hint: "take `webhook` out, or ask its administrator for the setting "
                + "`notify: {webhooks: [\(url.host)]}`")
    }

    /// Why a wish cannot be met; nil where it can.
    package func refusal(of wish: NotifyWish) -> Refusal? {
        if let refusal = wish.mail.flatMap({ _ in refusalOfMail }) { return refusal }
        guard let webhook = wish.webhook else { return nil }
        guard let url = WebhookURL(webhook) else {
            return Refusal(
                problem: "not the address of a webhook", hint: "write " + WebhookURL.rule)
        }
        return refusal(of: url)
    }
}
