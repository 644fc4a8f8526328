"""The pages: what a person looks at in a browser, and cancels by.

They decide nothing and know nothing of their own: what is shown comes from the read model, and a
cancel goes the way of the API's. Each page is whole without a script; scripts only keep it fresh
and let clocks run. Nothing is loaded from another host, and nothing inline is run.
"""
