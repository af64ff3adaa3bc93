// The section `notify`: what the job's owner wants to be told, held against what the server does.
// The address of a webhook is a key, and that of a mailbox its owner's to give: the reasons for a
// rejection, which everybody may read, do without what stands here.

package import Foundation

extension ManifestParser {
    /// nil where the manifest has none.
    func notify(_ field: Field?) throws -> NotifyWish? {
        guard var field else { return nil }
        field.isPrivate = true
        let map = try FieldMap(field, "a mapping, such as `mail: true`")
        try map.refuseUnknown(besides: ["mail", "webhook", "on"], in: "notify")
        let mail = try map["mail"].flatMap(mailbox)
        let webhook = try map["webhook"].map(webhook)
        guard mail != nil || webhook != nil else {
            throw field.error(
                "it does not say to whom anything is sent", expected: "`mail`, `webhook` or both",
                hint: "add `mail: true`, or take `notify` out")
        }
        return NotifyWish(
            mail: mail, webhook: webhook,
            on: try map["on"].map(occasions) ?? NotifyWish.usualOccasions)
    }

    /// nil for `false`.
    private func mailbox(_ field: Field) throws -> NotifyWish.Mailbox? {
        let expected = "true, or " + MailAddress.rule
        let text = try field.text(expected)
        let mailbox: NotifyWish.Mailbox
        if let isWanted = try? field.flag() {
            guard isWanted else { return nil }
            mailbox = .owner
        } else {
            guard MailAddress.isValid(text) else {
                throw field.error("not a mail address", expected: expected)
            }
            mailbox = .address(text)
        }
        try refuse(rule.refusalOfMail, field)
        return mailbox
    }

    private func webhook(_ field: Field) throws -> String {
        let text = try field.text(WebhookURL.rule)
        guard let url = WebhookURL(text) else {
            throw field.error(
                "not the address of a webhook", expected: WebhookURL.rule,
                hint: "`http://` is for this machine alone; no user, password or `#`")
        }
        try refuse(rule.refusal(of: url), field)
        return text
    }

    private func refuse(_ refusal: NotifyRule.Refusal?, _ field: Field) throws {
        guard let refusal else { return }
        throw field.error(refusal.problem, hint: refusal.hint)
    }

    private func occasions(_ field: Field) throws -> [NotifyWish.Occasion] {
        let known = NotifyWish.Occasion.allCases.map(\.rawValue)
        let items = try field.list(
            "a list of " + known.joined(separator: ", "), countMax: known.count)
        guard !items.isEmpty else {
            throw field.error("the list is empty", hint: "write `on: [done, failed]`")
        }
        var found: [NotifyWish.Occasion] = []
        for item in items {
            let word = try item.choice(of: known, called: "occasion")
            guard let occasion = NotifyWish.Occasion(rawValue: word), !found.contains(occasion)
            else { throw item.error("`\(word)` is written twice", hint: "remove one of them") }
            found.append(occasion)
        }
        return found
    }
}

extension ManifestParser {
    /// The value of the key `notify` alone, as JSON or YAML.
    /// - Throws: `ManifestError`.
    package static func notify(bytes: Data, rule: NotifyRule) throws -> NotifyWish? {
        let root = Field(node: try ManifestReader.read(bytes), path: "")
        return try ManifestParser(paths: .anywhere, rule: rule).notify(root)
    }
}
