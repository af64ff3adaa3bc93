// Which addresses are everybody's, and where a webhook may lead.

import Jobs
import Letters
import Testing

@Suite struct NetworkAddressTests {
    @Test(arguments: [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "192.0.0.8", "198.18.0.1", "198.19.255.255", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::10.0.0.1",
        "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1",
        "64:ff9b:1::1", "2002:a00:1::1", "2001::1", "2001:db8::1", "fec0::1", "3fff::1", "100::1",
    ])
    func `addresses of networks of one's own are nobody else's`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).kind == .other)
    }

    @Test(arguments: ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"])
    func `this machine is itself`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).kind == .loopback)
    }

    @Test(arguments: [
        "9.255.255.255", "11.0.0.0", "172.15.0.1", "172.32.0.1", "192.167.1.1", "192.169.1.1",
        "169.253.1.1", "100.63.0.1", "100.128.0.1", "198.17.0.1", "198.20.0.1", "223.1.1.1",
        "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
    ])
    func `the neighbours of special networks are everybody's`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).kind == .everybodys)
    }

    @Test func `addresses are read as they are written`() throws {
        #expect(NetworkAddress("1.2.3.4")?.bytes == [1, 2, 3, 4])
        let six = try #require(NetworkAddress("2001:db8::12"))
        #expect(six.bytes == [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [0x12])
        #expect(NetworkAddress("\(six)") == six)
        for text in ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "::1::", "1:2:3", "g::1"] {
            #expect(NetworkAddress(text) == nil, "\(text)")
        }
        #expect(NetworkAddress([1, 2, 3]) == nil)
    }

    private static let inside = ["10.0.0.7", "8.8.8.8"].compactMap { NetworkAddress($0) }

    @Test func `a name in the public net leads to no private address`() throws {
        let url = try #require(WebhookURL("https://hooks.example.org/x"))
        let all = NotifyRule(webhooks: ["*"])
        #expect(Reach.answer(url, Self.inside, by: all) == .addresses([Self.inside[1]]))
        guard case .refused(let why) = Reach.answer(url, [Self.inside[0]], by: all) else {
            Issue.record("it is let through")
            return
        }
        #expect(why.contains("10.0.0.7") && why.contains("webhooks: [hooks.example.org]"))
        #expect(Reach.answer(url, [], by: all) == .unknown)
    }

    @Test func `a host that the settings name may lie anywhere, but http goes no further`() throws {
        let rule = NotifyRule(webhooks: ["hooks.example.org", "localhost"])
        let url = try #require(WebhookURL("https://hooks.example.org/x"))
        #expect(Reach.answer(url, Self.inside, by: rule) == .addresses(Self.inside))
        let own = try #require(WebhookURL("http://localhost:9/x"))
        guard case .refused = Reach.answer(own, Self.inside, by: rule) else {
            Issue.record("a name of this machine leads elsewhere without encryption")
            return
        }
        let loopback = try #require(NetworkAddress("127.0.0.1"))
        #expect(Reach.answer(own, [loopback], by: rule) == .addresses([loopback]))
        // `*` is the public net, and this machine is no part of it.
        guard case .refused = Reach.answer(own, [loopback], by: NotifyRule(webhooks: ["*"])) else {
            Issue.record("the server calls itself")
            return
        }
    }
}
