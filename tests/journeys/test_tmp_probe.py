def test_x(visit, demo_world):
    p = visit(demo_world.family("Bénédicte CHEVALIER"), width=320)
    p.log_in(); p.go("/factures/")
    print(p.page.evaluate("""()=>[document.documentElement.scrollWidth, [...document.querySelectorAll('main *')].filter(e=>e.getBoundingClientRect().right>320).map(e=>e.tagName+'.'+e.className+' '+e.getBoundingClientRect().right+' '+e.textContent.trim().slice(0,40))]"""))
    print(p.page.evaluate("""()=>{document.querySelectorAll('.tick>span').forEach(e=>e.style.minWidth='0'); return document.documentElement.scrollWidth}"""))
    print(p.page.evaluate("""()=>{document.querySelectorAll('.links a').forEach(e=>e.style.minWidth='0'); return [...document.querySelectorAll('main *')].filter(e=>e.getBoundingClientRect().right>320).map(e=>e.outerHTML.slice(0,100))}"""))
