// Every method that is declared is there, and asks for what it declares.

import Catalogue
import Testing

@testable import Compression

@Suite struct MethodTests {
    @Test func `every offered method does what it declares`() {
        #expect(Method.all.map(\.declaration.name) == Offer.methods.map(\.name))
        for method in Method.all {
            let declaration = method.declaration
            let requirements = method.requirements(
                Parameters().completed(with: declaration.parameters))
            let asked: MethodNeeds =
                requirements.search != nil
                ? .search
                : requirements.similarity
                    ? .similarity
                    : requirements.removals != nil || requirements.stretchCosts != nil
                        || requirements.weights != nil ? .tokens : .nothing
            #expect(asked == declaration.needs, "\(declaration.name)")
            #expect(
                (requirements.weights != nil) == declaration.computesWeights,
                "\(declaration.name)")
        }
    }

    @Test func `fold asks for what its choice of layers is made by`() {
        func requirements(_ select: String) -> Requirements {
            Method.fold.requirements(
                Parameters(["select": .text(select)]).completed(
                    with: Method.fold.declaration.parameters))
        }
        let loss = requirements("loss")
        #expect(loss.removals == RemovalSearch(samples: 32, exchanges: true))
        #expect(loss.stretchCosts == nil && !loss.similarity)
        let costs = requirements("divergence")
        #expect(costs.stretchCosts?.samples == 32 && costs.removals == nil)
        #expect(requirements("npib").similarity)
        let list = requirements("list")
        #expect(list.removals == nil && list.stretchCosts == nil && !list.similarity)
        #expect(list.weights != nil && list.rivals != nil)
    }
}
