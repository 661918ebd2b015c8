from django.shortcuts import render

from orders.pages import shell, visible_order


def detail(request, pk):
    order = visible_order(request, pk)
    return render(request, "orders/order_detail.html", shell(request, order))
