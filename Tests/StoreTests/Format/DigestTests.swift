// Digests and their spelling.

import Store
import Testing

@Suite struct DigestTests {
    @Test("a digest is the one that sha256sum prints")
    func digest() {
        // `printf abc | sha256sum`, FIPS 180-2 appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest(of: "abc").hex == abc)
        #expect(Digest(hex: abc) == Digest(of: "abc"))
        #expect(Digest(bytes: Digest(of: "abc").bytes) == Digest(of: "abc"))
        for bad in ["", "ba", abc.uppercased(), abc + "0", String(abc.dropLast()) + "g"] {
            #expect(Digest(hex: bad) == nil)
        }
        let others = (0..<100).map { Digest(of: "\($0)") }
        #expect(others.sorted().map(\.hex) == others.map(\.hex).sorted())
    }
}
