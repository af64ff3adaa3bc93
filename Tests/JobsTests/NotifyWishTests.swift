// What may be said of who is told: addresses, the manifest's key, the server's setting.

import Foundation
import Jobs
import Testing

@Suite struct NotifyWishTests {
    private static let head =
        "version: 1\nname: j\nmodel: m\ncompress:\n- {method: reverse, ratios: [0.5]}\n"

    private func job(_ notify: String, _ rule: NotifyRule = .anything) throws -> JobDescription {
        try ManifestParser.parse(
            bytes: Data((Self.head + "notify: \(notify)\n").utf8), name: "x", notify: rule)
    }

    @Test func `a wish is read, and its JSON is a manifest again`() throws {
        let job = try job("{on: [last, done], webhook: 'https://a.example/x?y=1', mail: true}")
        #expect(
            job.notify
                == NotifyWish(
                    mail: .owner, webhook: "https://a.example/x?y=1", on: [.done, .last]))
        let json = try job.canonicalJSON()
        let again = try ManifestParser.parse(bytes: json, name: "x")
        #expect(again == job)
        #expect(try JSONDecoder().decode(JobDescription.self, from: json) == job)
        let usual = try self.job("{mail: ada@example.org}").notify
        #expect(usual?.mail == .address("ada@example.org") && usual?.on == [.done, .failed])
    }

    @Test func `without a wish nothing is said, and the work is the same with one`() throws {
        let plain = try ManifestParser.parse(bytes: Data(Self.head.utf8), name: "x")
        #expect(plain.notify == nil)
        let json = String(decoding: try plain.canonicalJSON(), as: UTF8.self)
        #expect(!json.contains("notify"))
        #expect(try job("{mail: true}").withoutNotify == plain)
    }

    @Test func `what a server does not do is refused in its place, with the setting`() throws {
        let error = #expect(throws: ManifestError.self) { try job("{mail: true}", .nothing) }
        #expect(error?.line == 6 && error?.path == "notify.mail")
        #expect(error?.description.contains("notify: {mail: true}") == true)
        let other = #expect(throws: ManifestError.self) {
            try job("{webhook: 'https://b.example/'}", NotifyRule(webhooks: ["a.example"]))
        }
        #expect(other?.path == "notify.webhook")
        #expect(other?.description.contains("webhooks: [b.example]") == true)
        #expect(throws: ManifestError.self) { try job("{webhook: 'http://b.example/'}") }
        #expect(throws: Never.self) {
            try job("{webhook: 'https://A.example/'}", NotifyRule(webhooks: ["a.example"]))
        }
        // `false` asks for nothing.
        #expect(throws: Never.self) {
            try job("{mail: false, webhook: 'https://a.example/'}", NotifyRule(webhooks: ["*"]))
        }
    }

    @Test(arguments: [
        ("{}", "notify", "to whom"), ("[mail]", "notify", "a mapping"),
        ("{mail: false}", "notify", "to whom"), ("{mail: ada}", "notify.mail", "mail address"),
        ("{mial: true}", "notify.mial", "did you mean `mail`"),
        ("{mail: true, on: []}", "notify.on", "empty"),
        ("{mail: true, on: [done, done]}", "notify.on[1]", "twice"),
        ("{mail: true, on: [ended]}", "notify.on[0]", "done | failed | last"),
        ("{webhook: 'ftp://a.example/'}", "notify.webhook", "webhook"),
    ])
    func `a wish that makes no sense is refused`(text: String, path: String, says: String) {
        let error = #expect(throws: ManifestError.self) { try job(text) }
        #expect(error?.path == path && error?.line == 6, "\(String(describing: error))")
        #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    }

    /// Everybody reads why a file was rejected.
    @Test(arguments: [
        "{webhook: 'https://b.example/SECRET'}", "{webhook: 'http://b.example/SECRET'}",
        "{webhook: 'https://a.example/#SECRET'}", "{webhook: 'ftp://a.example/SECRET'}",
        "{webhook: ['https://a.example/SECRET'], mail: SECRET}", "https://a.example/SECRET",
        "{webhook:https://a.example/SECRET}", "\n  webhook:https://a.example/SECRET",
        "{mail: SECRET@a.example}", "{mail: 'not SECRET'}", "{mail: true, on: SECRET}",
        "{mail: true, on: [SECRET]}", "{SECRET: true}",
    ])
    func `a refusal does not tell addresses`(text: String) throws {
        let error = #expect(throws: ManifestError.self) {
            try job(text, NotifyRule(webhooks: ["a.example"]))
        }
        let words = try #require(error).description
        #expect(words.contains("notify") && !words.contains("SECRET"), "\(words)")
    }

    @Test(arguments: [
        "ada", "ada@", "@a.example", "a b@a.example", "ada@a.example\nBcc: x@b.example",
        "ada@a.example, b@b.example", "\"a\"@a.example", "-f@a.example", "ada@-a.example",
        "ada@a..example", "ada@a.example>", "ädä@a.example", "a..b@a.example", "a.@a.example",
    ])
    func `what could be more than one address is none`(text: String) {
        #expect(!MailAddress.isValid(text))
    }

    @Test func `plain addresses are addresses`() {
        for text in ["ada@a.example", "a.b+c=d_e-f@x1.y-z.org", "root@localhost"] {
            #expect(MailAddress.isValid(text), "\(text)")
        }
    }

    @Test(arguments: [
        "https://", "https:///x", "https://a@b.example/", "https://a.example:0/",
        "https://a.example:70000/", "https://a.example:/", "https://a.example/\n",
        "https://a.example/\" --output x", "https://a.example/{1,2}", "https://a.example/#x",
        "https://a.example\\@b.example/", "https://2130706433/", "https://0x7f.0.0.1/",
        "https://127.1/", "https://017.0.0.1/", "https://256.1.1.1/", "https://[::1/",
        "https://[fe80::1%25eth0]/", "gopher://a.example/", "https://a.example /",
    ])
    func `what two programs could read differently is no webhook`(text: String) {
        #expect(WebhookURL(text) == nil)
    }

    @Test func `webhooks are taken apart`() throws {
        let url = try #require(WebhookURL("https://Chat.Example.org:8443/hooks/a?b=c%20d"))
        #expect(url.host == "chat.example.org" && url.port == 8443 && url.namesPort)
        let six = try #require(WebhookURL("http://[::1]:80/x"))
        #expect(six.host == "::1" && six.isIPv6 && six.isThisMachine && six.scheme == .http)
        let plain = try #require(WebhookURL("https://10.0.0.7"))
        #expect(plain.host == "10.0.0.7" && plain.port == 443 && !plain.namesPort)
    }

    @Test func `the server's setting is read as strictly`() throws {
        let settings = try ServerSettings.parse(
            bytes: Data(
                """
                notify:
                  mail: true
                  webhooks: ['*', Chat.example.org, 10.0.0.7]
                  from: layerfold@example.org
                  page: https://layerfold.example.org/
                  sendmail: smtp://127.0.0.1
                """.utf8))
        let notify = try #require(settings.notify)
        #expect(
            notify.rule
                == NotifyRule(mail: true, webhooks: ["*", "chat.example.org", "10.0.0.7"]))
        #expect(notify.page == "https://layerfold.example.org")
        #expect(notify.mailer == .server(host: "127.0.0.1", port: 25))
        #expect(try ServerSettings.parse(bytes: Data("workers: 1".utf8)).notify == nil)
        for (text, path) in [
            ("{webhooks: ['https://a.example/']}", "notify.webhooks[0]"),
            ("{sendmail: 'smtp://mail.example.org'}", "notify.sendmail"),
            ("{sendmail: sendmail}", "notify.sendmail"), ("{from: me}", "notify.from"),
            ("{page: 'https://a.example/?x'}", "notify.page"), ("{emial: true}", "notify.emial"),
        ] {
            let error = #expect(throws: ManifestError.self) {
                try ServerSettings.parse(bytes: Data("notify: \(text)".utf8))
            }
            #expect(error?.path == path, "\(text): \(String(describing: error))")
        }
    }
}
